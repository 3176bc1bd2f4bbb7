#!/bin/sh
# Serves the local stack's objects as the numbered user that it is started as. A volume of a store that ran as root can be
# read but not written: its content is copied once, and it stays as it was.
set -eu

old=/data
new=/tmp/objects
if [ ! -d "$new" ] && [ -d "$old/.minio.sys" ]; then
  echo "Taking over the objects of a store that ran as root; the old volume stays and can be removed afterwards."
  rm -rf "$new.part"
  mkdir "$new.part"
  # Not the temporary folder, which is left behind by what was running.
  for entry in "$old"/* "$old"/.minio.sys; do cp -R "$entry" "$new.part/"; done || {
    echo "The old volume cannot be copied. Let this user read it, by root on this machine, and start again:" \
      "docker run --rm --user 0 --volume churn_minio:/data debian:trixie-slim chmod -R a+rX /data" >&2
    exit 1
  }
  mv "$new.part" "$new"
fi
mkdir -p "$new"
exec minio server "$new" --console-address :9001
