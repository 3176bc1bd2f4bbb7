#!/bin/sh
# Configures the proxies that nginx believes about a caller's address and scheme: those of CHURN_TRUSTED_PROXIES alone.
# Then runs its arguments, which are the base image's entrypoint.
set -euf

octet='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
ipv4="($octet\.){3}$octet(/([1-9]|[12][0-9]|3[0-2]))?"
group='[0-9a-fA-F]{1,4}'
# An address with too many groups passes this check, but nginx refuses it with a message that names it.
ipv6="(($group:){7}$group|($group(:$group)*)?::($group(:$group)*)?)(/([1-9]|[1-9][0-9]|1[01][0-9]|12[0-8]))?"

refuse() {
  echo "CHURN_TRUSTED_PROXIES holds '$1'. Write addresses and networks with commas between them, such as" \
    "10.20.0.0/16,2001:db8::1; a network of everybody (/0) is refused." >&2
  exit 1
}

lines() {
  for proxy in $(printf '%s' "${CHURN_TRUSTED_PROXIES:-}" | tr , ' '); do
    printf '%s' "$proxy" | grep -Eqx "$ipv4|$ipv6" || refuse "$proxy"
    echo "$1$proxy$2;"
  done
}

trusted=$(lines 'set_real_ip_from ' '')
network=$(lines '    ' ' 1')
cat >"${NGINX_ENVSUBST_OUTPUT_DIR:-/etc/nginx/conf.d}/trusted_proxies.conf" <<END
real_ip_header X-Forwarded-For;
real_ip_recursive on;
$trusted
geo \$realip_remote_addr \$churn_from_proxy {
    default 0;
$network
}
END
exec "$@"
