# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for ring1: commands, their options, the values that are words, and files.
_ring1() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    local guest='--memory= --initrd= --append= --engine=' common='--help --usage --version'
    # "--on=qemu" comes as three words: "--on", "=", "qemu".
    [ "$word" = = ] && word=
    [ "$before" = = ] && before=${COMP_WORDS[COMP_CWORD - 2]}
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "run image inspect check patch lab $common" -- "$word")
        return
    fi
    if [ "$command" = lab ] && [ "$COMP_CWORD" = 2 ]; then
        mapfile -t COMPREPLY < <(compgen -W "blocks hole profile step --help" -- "$word")
        return
    fi
    case $before in
    --on) mapfile -t COMPREPLY < <(compgen -W 'qemu bochs process' -- "$word") ;;
    --host) mapfile -t COMPREPLY < <(compgen -W 'pc tcg process' -- "$word") ;;
    --virtio) mapfile -t COMPREPLY < <(compgen -W 'pci mmio' -- "$word") ;;
    --net) mapfile -t COMPREPLY < <(compgen -W 'user none' -- "$word") ;;
    --engine) mapfile -t COMPREPLY < <(compgen -W 'auto interp translate' -- "$word") ;;
    --memory) mapfile -t COMPREPLY < <(compgen -W '16M 64M 256M 512M 1G 2G' -- "$word") ;;
    --trace) mapfile -t COMPREPLY < <(compgen -W 'exits blocks shadow irq io inject all' -- "$word") ;;
    --append | --timeout | --repeat | --host-args | --gdb) ;;
    *)
        case $command:$word in
        run:-*) mapfile -t COMPREPLY < <(compgen -W "$guest --on= --disk= --net= --virtio= --console= --screen= --timeout= --repeat= --stats --count
            --verbose --gdb= --perf-map --trace= --trace-file= --profile= --no-confine --host-args= $common" -- "$word") ;;
        image:-*) mapfile -t COMPREPLY < <(compgen -W "$guest --output= $common" -- "$word") ;;
        lab:-*) case ${COMP_WORDS[2]} in
            profile) mapfile -t COMPREPLY < <(compgen -W "--output= --json= --from= --symbols= --rows= $guest --on= --console=
                --screen= --timeout= --stats --count --verbose --trace= --trace-file= --profile= --host-args= $common" -- "$word") ;;
            blocks) mapfile -t COMPREPLY < <(compgen -W "--at= --file= --kernel= --from= --to= --trace-file= --host= --cpl=
                --fs-base= --gs-base= --not-flat --code16 --count --blocks= --unwind --json $common" -- "$word") ;;
            step) mapfile -t COMPREPLY < <(compgen -W "--memory= --initrd= --append= --console= --timeout= --every-block --stats
                --verbose --no-confine $common" -- "$word") ;;
            hole) mapfile -t COMPREPLY < <(compgen -W "--on= --iso= --read= --timeout= --json --html= $common" -- "$word") ;;
            esac ;;
        patch:-*) mapfile -t COMPREPLY < <(compgen -W "--output= --elf --portable --json $common" -- "$word") ;;
        inspect:-* | check:-*) mapfile -t COMPREPLY < <(compgen -W "--json $common" -- "$word") ;;
        check:*) ;;
        *) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        esac
        ;;
    esac
    case ${COMPREPLY[*]} in *=) compopt -o nospace 2>/dev/null ;; esac
}
complete -o filenames -F _ring1 ring1
