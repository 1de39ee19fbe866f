# shellcheck shell=sh
# What the commands in bin/ share: they source this file after setting ROOT, the project's folder.
#
# It needs a POSIX shell and nothing else: on a fresh Debian there is no git, no make and no compiler.
# All it says goes to standard error, so that `bin/manage score --json` prints JSON only.

# A variable left over from another project must not decide what is installed here, or where.
# What names a package index (PIP_INDEX_URL, UV_INDEX_URL, ...) stays: it belongs to the machine.
unset VIRTUAL_ENV PYTHONPATH PYTHONHOME PYTHONSTARTUP DJANGO_SETTINGS_MODULE CDPATH
unset PIP_TARGET PIP_PREFIX PIP_ROOT PIP_USER PIP_CONSTRAINT PIP_REQUIREMENT PIP_NO_DEPS PIP_DRY_RUN PIP_PYTHON
unset UV_PYTHON UV_SYSTEM_PYTHON UV_TARGET UV_PREFIX UV_CONSTRAINT UV_OVERRIDE UV_PROJECT UV_WORKING_DIRECTORY
# An empty address means none; the settings would take it for a faulty one.
[ -n "${DATABASE_URL-}" ] || unset DATABASE_URL
[ -n "${REDIS_URL-}" ] || unset REDIS_URL
export PYTHONUTF8=1  # a bare root has the C locale, and the portal speaks German

VENV=$ROOT/.venv
PY=$VENV/bin/python
# WeasyPrint loads Pango when the first PDF is made; it cannot be had from a Python package.
PDF_LIBRARIES="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# ---- Python ------------------------------------------------------------------------------------

# The candidate is run, not just found: version managers leave shims that start nothing.
is_python() { "$1" -I -S -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

# Sets BASE_PYTHON to a Python of at least 3.11, or fails.
find_python() {
  for BASE_PYTHON in ${HANDSCHLAG_PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3}; do
    is_python "$BASE_PYTHON" && return 0
  done
  return 1
}

# ---- Debian packages ---------------------------------------------------------------------------

# Prints those of the named packages that are not installed.
missing_packages() {
  for package; do
    case $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) in
      installed) ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

# Installs the named Debian packages, or says the one line that would, and fails.
install_packages() {
  if ! command -v apt-get >/dev/null 2>&1; then
    say "This system has no apt-get. Please install what Debian calls: $*"
    return 1
  fi
  as_root=
  if [ "$(id -u)" != 0 ]; then
    if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
      as_root=sudo
    else
      say "Debian packages are missing and need an administrator. Please run:"
      say "    sudo apt-get update && sudo apt-get install -y --no-install-recommends $*"
      return 1
    fi
  fi
  say "Installing Debian packages: $*"
  apt_log=$(mktemp)
  # An old or empty package list is the usual reason for a failure: refresh it, then try once more.
  if { [ -n "$(find /var/lib/apt/lists -name '*_Packages*' 2>/dev/null | head -n 1)" ] && apt_install "$@"; } ||
    { apt_run update && apt_install "$@"; }; then
    rm -f "$apt_log"
    return 0
  fi
  cat "$apt_log" >&2
  rm -f "$apt_log"
  say "apt-get could not install: $*"
  return 1
}

# RUNLEVEL=1 keeps a server package (PostgreSQL, Redis) from starting its service: the tests start their own.
apt_run() {
  $as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 RUNLEVEL=1 \
    apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" >>"$apt_log" 2>&1 </dev/null
}
apt_install() { apt_run install --no-install-recommends "$@"; }

need_packages() {
  missing=$(missing_packages "$@")
  # shellcheck disable=SC2086  # one word per package
  [ -z "$missing" ] || install_packages $missing
}

# ---- The locked Python environment -------------------------------------------------------------

# What an environment was made from: the locked set, the place, and the interpreter that runs it now.
fingerprint() {
  cksum <"$ROOT/requirements/$1.txt" || return 1
  printf '%s\n' "$ROOT"
  "$PY" -I -S -c 'import sys; print(sys.version)' 2>/dev/null
}

# The development set contains the demo set, which contains the run set.
is_ready() {
  case $1 in
    run) sets="run demo dev" ;;
    demo) sets="demo dev" ;;
    *) sets=$1 ;;
  esac
  for candidate in $sets; do
    stamp=$VENV/handschlag-$candidate
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(fingerprint "$candidate")" ] && return 0
  done
  return 1
}

# set_up run|demo|dev|bench: makes sure that this set is installed. Quiet and quick when it is.
set_up() {
  # The benchmarks' peers belong to no other set, and must not make the environment of all others anew.
  [ "$1" != bench ] || VENV=$ROOT/.venv-bench PY=$ROOT/.venv-bench/bin/python
  is_ready "$1" && return 0
  hold_lock
  is_ready "$1" || make_environment "$1" || { drop_lock; exit 1; }
  drop_lock
}

# Two commands started at once must not both fill an environment: the second waits, then finds it ready.
hold_lock() {
  lock=$ROOT/.setup.lock
  waited=0
  until mkdir "$lock" 2>/dev/null; do
    [ -w "$ROOT" ] || die "No right to write into $ROOT"
    owner=$(cat "$lock/pid" 2>/dev/null || :)
    if [ -n "$owner" ] && ! kill -0 "$owner" 2>/dev/null; then
      rm -rf "$lock" # its owner was killed
      continue
    fi
    [ "$waited" != 0 ] || say "Another set-up is running (process ${owner:-unknown}); waiting for it."
    waited=$((waited + 1))
    [ "$waited" -le 900 ] || die "Still waiting after 15 minutes. If no set-up runs, delete $lock"
    sleep 1
  done
  echo $$ >"$lock/pid"
  trap drop_lock EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}
drop_lock() {
  rm -rf "$ROOT/.setup.lock"
  trap - EXIT INT TERM
}

make_environment() {
  started=$(date +%s)
  if command -v dpkg-query >/dev/null 2>&1; then
    find_python || install_packages python3 python3-venv || return 1
    # shellcheck disable=SC2086
    need_packages ca-certificates $PDF_LIBRARIES || return 1
  fi
  find_python || {
    say "Handschlag needs Python 3.11 or later, and none was found."
    say "HANDSCHLAG_PYTHON=/path/to/python3 names one that is not on the PATH."
    return 1
  }
  if ! "$BASE_PYTHON" -I -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian splits venv off; the package for /usr/bin/python3 carries its version in its name.
    install_packages "$("$BASE_PYTHON" -I -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" || return 1
  fi

  if ! same_place || ! is_python "$PY" || ! "$PY" -I -c 'import pip' 2>/dev/null; then
    say "Making the Python environment in $VENV"
    "$BASE_PYTHON" -I -m venv --clear "$VENV" >&2 || return 1
  fi
  rm -f "$VENV/handschlag-"* # until this set is complete, none is

  say "Installing the locked Python packages ($1)"
  log=$VENV/setup.log
  if [ ! -w "${HOME:-/nonexistent}" ]; then
    export UV_CACHE_DIR="$VENV/cache"
  fi
  # uv is many times faster than pip. Where it cannot work (an index that only pip is told about), pip does it.
  if ! {
    { has_uv || pip_install -r "$ROOT/requirements/uv.txt"; } &&
      "$PY" -m uv --quiet --no-progress pip install --python "$PY" --no-config \
        --require-hashes -r "$ROOT/requirements/$1.txt"
  } >"$log" 2>&1 </dev/null; then
    say "uv could not install them; trying pip."
    if ! pip_install -r "$ROOT/requirements/$1.txt" >>"$log" 2>&1 </dev/null; then
      tail -n 40 "$log" >&2
      say "The Python packages could not be installed; the whole log is in $log"
      return 1
    fi
  fi
  fingerprint "$1" >"$VENV/handschlag-$1"
  say "Set-up took $(($(date +%s) - started)) s."
}

has_uv() { # the pinned one, from an earlier set-up
  version=$("$PY" -m uv --version 2>/dev/null | cut -d ' ' -f 2)
  grep -q "^uv==$version " "$ROOT/requirements/uv.txt"
}

pip_install() {
  # --no-user: a pip.conf that says "user = true" cannot work inside an environment
  "$PY" -m pip --quiet --disable-pip-version-check --no-input install --no-user --require-hashes "$@"
}

# An environment that was copied or moved has scripts and paths of the old place: make it anew.
same_place() {
  [ -f "$VENV/pyvenv.cfg" ] || return 1
  ! grep -q '^command = ' "$VENV/pyvenv.cfg" || grep -q "^command = .* $VENV\$" "$VENV/pyvenv.cfg"
}

# ---- Message catalogues ------------------------------------------------------------------------

# Compiles the German texts when a .po file is newer than what was made from it.
compile_messages() {
  for po in "$ROOT"/locale/*/*/LC_MESSAGES/django.po; do
    [ -f "$po" ] || continue
    if [ ! -f "${po%.po}.mo" ] || [ "$po" -nt "${po%.po}.mo" ]; then
      "$PY" "$ROOT/bin/lib/compile_messages.py" >&2
      return
    fi
  done
}
