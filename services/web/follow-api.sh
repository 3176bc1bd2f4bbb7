#!/bin/sh
# nginx looks up the API's addresses only once. When they change, because the API's container was replaced or a second
# one was started, this script makes nginx read its configuration again, which refuses no connection. Then it runs its
# arguments.
set -eu

host=${CHURN_API_ADDRESS%:*}
pid=${NGINX_PID:-/tmp/nginx.pid}

addresses() { getent ahosts "$host" | cut -d ' ' -f 1 | sort -u; }

follow() {
  known=$(addresses) || known=
  while sleep "${FOLLOW_SECONDS:-1}"; do
    # While the name has no address, nothing is done, because the previous addresses may come back.
    found=$(addresses) || continue
    if [ -n "$found" ] && [ "$found" != "$known" ] && [ -s "$pid" ]; then
      kill -HUP "$(cat "$pid")" && known=$found
    fi
  done
}

case $host in
  *[!0-9.]*) follow & ;; # a name; an address stays what it is
esac
exec "$@"
