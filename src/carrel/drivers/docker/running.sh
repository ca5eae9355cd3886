# Runs in a container for one command: `sh -c <this> carrel-run <command…>`, with CARREL_RUN in its environment, which all that it starts inherits.
# Says on its standard error how the command ended; both streams of the command go to its standard output. It ends the command, and all the command
# started, when its own input ends or a line comes, which is how it hears that nobody waits any more. Nothing but what a shell has built in.

# Whether process $1 runs for this command (ours), or for one before it (former). Its state is in $state.
belongs() {
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    which=$2 pid=$1
    set -- ${stat##*) }
    state=$1
    case $state in Z | X) return 1 ;; esac
    if [ "$which" = ours ] && [ "$4" = "$$" ]; then return 0; fi
    while read -r line || [ -n "$line" ]; do
        case $which:$line in
            ours:*"CARREL_RUN=$CARREL_RUN"*) return 0 ;;
            former:*"CARREL_RUN=$CARREL_RUN"*) return 1 ;;
            former:*CARREL_RUN=*) return 0 ;;
        esac
    done 2>/dev/null <"/proc/$pid/environ"
    return 1
}

# Sends signal $2 to all that belong to $1 and are in no state of $3, and looks again until a look finds none: while one was reached, another
# may have started a third.
send() {
    turns=0
    while [ $turns -lt 2000 ]; do
        found= turns=$((turns + 1))
        for folder in /proc/[0-9]*; do
            case ${folder#/proc/} in 1 | "$$" | "$self" | "$watcher") continue ;; esac
            if belongs "${folder#/proc/}" "$1"; then
                case $state in $3) continue ;; esac
                if kill "-$2" "${folder#/proc/}" 2>/dev/null; then found=1; fi
            fi
        done
        [ -n "$found" ] || return 0
    done
}

# Stopped first: a script whose command is killed would go on with its next line.
end() {
    read -r self rest </proc/self/stat
    send "$1" STOP '[Tt]'
    send "$1" KILL none
}

exec 3<&0 </dev/null
watcher=
end former
if ! command -v -- "$1" >/dev/null 2>&1; then
    echo missing >&2
    exit 0
fi
(
    workspace=$CARREL_WORKSPACE installation=$CARREL_INSTALLATION backend=$CARREL_BACKEND
    pool=$CARREL_POOL person=$CARREL_PERSON run=$CARREL_RUN
    if [ -r "$person/environment" ]; then . "$person/environment"; fi
    export CARREL_WORKSPACE="$workspace" CARREL_INSTALLATION="$installation" CARREL_BACKEND="$backend"
    export CARREL_POOL="$pool" CARREL_PERSON="$person" CARREL_RUN="$run"
    exec "$@"
) 3<&- 2>&1 &
command=$!
(read -r line <&3; end ours) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$command"
code=$?
kill -KILL "$watcher" 2>/dev/null
end ours
echo "ended $code" >&2
