# Sourced by ./run and ./check in the repository folder: makes .venv, and gets out of the way when nothing changed.

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# The newest name first would surprise people who chose a default, so plain python3 is asked before the numbered ones.
find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "Ostiary needs Python 3.11 or newer, and none was found. Install one, or name it: PYTHON=/path/to/python3 $0"
}

# The folder is part of the sum because an editable installation remembers where it was made.
sum_of() {
    { cat pyproject.toml "$@" && pwd; } | cksum
}

# install_hashed FILE: what it names, and nothing whose content differs from what was tested.
# Python compiles what it loads; to compile all there is would take a quarter of the time, and most is never loaded.
install_hashed() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r "$1" >&2 ||
        fail "Could not install $1; what pip says stands above. Nothing was started."
}

# What pages are dressed in. A tenth of a second when no template, style or script has changed.
build_assets() {
    status=0
    .venv/bin/python hatch_build.py || status=$?
    # 3: there is nothing to build with.
    if [ "$status" -eq 3 ]; then
        say "Installing Node.js into .venv …"
        install_hashed requirements/node.txt
        status=0
        .venv/bin/python hatch_build.py || status=$?
    fi
    [ "$status" -eq 0 ] || fail "Could not build the pages' assets; the reason stands above. Nothing was started."
}

install_venv() {
    # The stamp goes first: an interrupted installation must not look like a finished one.
    rm -f "$stamp"
    if ! .venv/bin/python -c 'import pip' >/dev/null 2>&1; then
        python=$(find_python) || exit 1
        "$python" -m venv --clear .venv >&2 ||
            fail "Could not make .venv. On Debian and Ubuntu, install python3-venv and start again."
    fi
    say "Installing Ostiary's dependencies into .venv …"
    install_hashed "requirements/$1.txt"
    # The package wants its assets too; built here, they take no part in what pip keeps to itself.
    build_assets
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . >&2 ||
        fail "Could not install Ostiary itself into .venv; what pip says stands above. Nothing was started."
}

# prepare_venv runtime|dev. A dev installation holds everything of a runtime one, so either serves ./run.
prepare_venv() {
    stamp=.venv/ostiary-installed
    runtime="runtime $(sum_of requirements/runtime.txt)"
    dev="dev $(sum_of requirements/runtime.txt requirements/dev.txt)"
    installed=$(cat "$stamp" 2>/dev/null) || installed=
    case $1 in
        runtime) wanted=$runtime ;;
        dev) wanted=$dev ;;
    esac
    if [ "$installed" != "$wanted" ] && [ "$installed" != "$dev" ]; then
        install_venv "$1"
        printf '%s\n' "$wanted" >"$stamp"
    else
        build_assets
    fi
}
