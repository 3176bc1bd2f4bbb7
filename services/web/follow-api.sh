#!/bin/sh
# nginx asks for the API's addresses once. Where they change, because the API's container was replaced or a second one
# stands beside it, nginx is told to read its configuration again: it does so without refusing a connection. Then runs
# what it is given.
set -eu

host=${CHURN_API_ADDRESS%:*}
pid=${NGINX_PID:-/tmp/nginx.pid}

addresses() { getent ahosts "$host" | cut -d ' ' -f 1 | sort -u; }

follow() {
  known=$(addresses) || known=
  while sleep "${FOLLOW_SECONDS:-1}"; do
    # A name that nobody has at the moment is no reason to do anything: the addresses before may come back.
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
