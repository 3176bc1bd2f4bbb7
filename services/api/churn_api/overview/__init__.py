"""What there is to see at a glance, as GET /overview answers it: put together from what others have computed."""
