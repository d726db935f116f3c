#!/bin/sh
# Installs Debian packages of servers without letting any of those servers start.
#
#   sh install-debian-packages.sh ROOT PACKAGE...      ROOT is / (another folder in tests)
#
# Debian starts a server when its package is installed, and again at each boot. The local stack runs
# servers of its own, so a policy-rc.d that forbids starts stands while apt works, and services that
# came with this installation are disabled. What was there before is put back in any case: after a
# failure, after a signal, and, if this script was killed, by its next run.
set -u
root=${1%/}
shift
policy=$root/usr/sbin/policy-rc.d
saved=$policy.before-careplus
mark='# careplus-streams: stands only while setup.mjs installs packages'

put_back() {
  if grep -qsF "$mark" "$policy"; then rm -f "$policy"; fi
  if [ -e "$saved" ]; then mv "$saved" "$policy"; fi
}

has_service() { [ -e "$root/etc/init.d/$1" ]; }

put_back
# On a signal the shell first waits for the command that runs: apt is never cut off in the middle.
trap put_back EXIT
trap 'exit 130' INT TERM HUP

new_services=
for service in mariadb postgresql; do
  has_service "$service" || new_services="$new_services $service"
done

if [ -e "$policy" ]; then mv "$policy" "$saved"; fi
printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
# What an earlier, broken-off installation left half configured comes first.
dpkg --configure -a || exit 1
# Never at the price of a package that is there: MySQL's server would have to go for MariaDB's.
apt-get install -y --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300 "$@" || exit 1

for service in $new_services; do
  if has_service "$service"; then update-rc.d "$service" disable; fi
done
exit 0
