#!/bin/sh
# Makes the local stack's bucket what a bucket on AWS should be: encrypted, with a lifecycle, and with a user per service
# that may do what its policy says and nothing else. Safe to run again.
set -eu

policies=$(dirname "$0")
export MC_CONFIG_DIR=/tmp/mc
mc --quiet alias set local http://minio:9000 "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD" >/dev/null

mc mb --ignore-existing local/churn
mc encrypt set sse-s3 local/churn
# Import, because it replaces what an earlier start left. MinIO ends uploads that broke off by itself.
mc ilm rule import local/churn <<END
{"Rules": [{"ID": "jobs", "Status": "Enabled", "Filter": {"Prefix": "jobs/"},
            "Expiration": {"Days": $((${CHURN_JOB_TTL_DAYS:-7} + 1))}}]}
END

for service in trainer api worker stream; do
  user=churn-$service
  mc admin policy create local "$user" "$policies/$service.json"
  mc admin user add local "$user" "$user-local-secret"
  # Attaching what is attached is an error.
  mc admin user info local "$user" | grep -q "^PolicyName: $user$" || mc admin policy attach local "$user" --user "$user"
done
