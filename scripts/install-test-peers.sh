#!/bin/sh
# Installs the real SIP phones and tools that the end-to-end tests talk to. Debian and its relatives only; it needs root.
# Tests whose peer is missing are skipped, each with a line that says so.
#
#   sip-tester        SIPp: load and scenario tests
#   baresip-core      a SIP phone without a screen
#   sox, flite        sound tools and a voice to compare with
#   pocketsphinx      hears what a call said
set -eu
packages='sip-tester baresip-core sox flite pocketsphinx pocketsphinx-en-us'

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
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/dev/null 2>&1; then
  echo "skip: apt-get could not install:$missing; tests that need them are skipped" >&2
fi
