# shellcheck shell=bash
# What the scripts of this directory share; sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # used by the scripts that source this file
cache=$root/deploy/.cache

# say prints a message for people; standard output is kept for results.
say() { printf '%s\n' "$*" >&2; }

# die prints what is wrong and ends the script.
die() {
    say "$(basename "$(dirname "$0")")/$(basename "$0"): $*"
    exit 1
}

# usage prints the comment block at the head of the script.
usage() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

# runs PID TEXT: is PID alive, and does its command line contain TEXT? A process id alone proves nothing
# after a reboot.
runs() {
    [ -n "$1" ] || return 1
    if [ -d /proc/self ]; then # a small Debian has no ps
        tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -qF -- "$2"
    else
        ps -o args= -p "$1" 2>/dev/null | grep -qF -- "$2"
    fi
}

# until_true SECONDS COMMAND…: ask again and again, until the command succeeds (0) or time is up (1).
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# within SECONDS COMMAND…: the command, ended after that long where the system can do so (macOS cannot).
within() {
    if command -v timeout >/dev/null; then timeout "$@"; else "${@:2}"; fi
}

# listening PORT: does anybody listen there on 127.0.0.1?
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port prints a port of 127.0.0.1 on which nobody listens, outside the range the kernel hands out.
free_port() {
    local port
    for _ in $(seq 100); do
        port=$((20000 + RANDOM % 10000))
        if ! listening "$port"; then
            echo "$port"
            return
        fi
    done
    die "no free port between 20000 and 30000"
}

# postgres_bin prints the directory of the newest installed PostgreSQL server, or of the one with the major
# version given; it fails where there is none.
postgres_bin() {
    local want=${1-} initdb candidate best='' newest=0 major
    initdb=$(command -v initdb || true)
    for candidate in ${initdb:+"$(dirname "$(readlink -f "$initdb")")"} /usr/lib/postgresql/*/bin \
        /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin; do
        if [ ! -x "$candidate/initdb" ] || [ ! -x "$candidate/postgres" ]; then continue; fi
        major=$("$candidate/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
        if [ -n "$want" ] && [ "$want" != "$major" ]; then continue; fi
        if [ "$major" -gt "$newest" ]; then
            newest=$major
            best=$candidate
        fi
    done
    [ -n "$best" ] && echo "$best"
}

# postgres_data prints the default data directory of the private cluster: user postgres cannot enter a
# checkout in root's home.
postgres_data() {
    if [ "$(id -u)" -eq 0 ]; then echo /var/lib/drumbeat/postgres; else echo "$cache/postgres"; fi
}

# as_server COMMAND…: as the user that the PostgreSQL server runs as.
as_server() {
    if [ "$(id -u)" -eq 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

# own FILE…: gives files to the user that the PostgreSQL server runs as.
own() { [ "$(id -u)" -ne 0 ] || chown postgres "$@"; }

# python_environment NAME [--clean]: the virtual environment deploy/.cache/NAME with the packages that
# deploy/NAME/requirements.txt pins, made where it is missing or has others; prints its interpreter.
# --clean deletes it instead. PYTHON=… names another interpreter than python3 to make it with.
python_environment() {
    local environment=$cache/$1 wanted=$root/deploy/$1/requirements.txt clean=false python arg
    for arg in "${@:2}"; do
        case $arg in
        --clean) clean=true ;;
        -h | --help) usage && return ;;
        *) die "unknown option $arg (--help says more)" ;;
        esac
    done
    if $clean; then
        rm -rf "$environment"
        return
    fi
    # What was installed last is kept beside it, so that another version of the list is noticed.
    if ! cmp -s "$wanted" "$environment/requirements.txt"; then
        python=${PYTHON:-python3}
        command -v "$python" >/dev/null || die "$python is missing (PYTHON=… names another)"
        "$python" -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null ||
            die "$("$python" --version 2>&1) will not do: it takes 3.11 to 3.13 with the module venv"
        say "$1: installing into $environment (some minutes)"
        if ! "$environment/bin/python" -c '' 2>/dev/null; then
            rm -rf "$environment"
            mkdir -p "$cache"
            "$python" -m venv "$environment"
        fi
        "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" >&2 ||
            die "pip could not install what $wanted lists"
        cp "$wanted" "$environment/requirements.txt"
    fi
    echo "$environment/bin/python"
}
