"""What Lambda calls. The application is made here, in the phase that Lambda gives a whole core to."""

from churn_function import make_handler

handler = make_handler()
