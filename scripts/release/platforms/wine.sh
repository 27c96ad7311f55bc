#!/bin/sh
# sh wine.sh ROOT PREFIX PROGRAM [ARGUMENT...]: runs a program for Windows to its end, and all that Wine started with it.
# Such a program cannot write to a pipe of this system: what it prints goes through a file.
root=$1 prefix=$2
shift 2
export WINEPREFIX="$prefix" WINEDEBUG=-all
printed=$(mktemp)
"$root/usr/lib/wine/wine64" "$@" > "$printed" 2>&1 < /dev/null
code=$?
cat "$printed"
rm "$printed"
"$root/usr/lib/wine/wineserver" --wait
exit $code
