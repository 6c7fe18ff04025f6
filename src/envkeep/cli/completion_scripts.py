"""What each shell runs when TAB is pressed: it asks ``envkeep completion --line`` with the line up to the cursor.

Each line of the answer is a candidate and, after a tab, what it is. No candidate: the shell completes files.
"""

from __future__ import annotations

__all__ = ["SCRIPTS"]

_BASH = r"""# bash completion of envkeep
_envkeep() {
    local line=${COMP_LINE:0:COMP_POINT} text
    local word=${line##*[[:space:]]}
    # bash replaces what follows the last of its break characters (: and =), and from the last @ on
    local head=${word%"${word##*["$COMP_WORDBREAKS"]}"}
    head=${head%@}
    COMPREPLY=()
    while IFS=$'\t' read -r text _; do
        COMPREPLY+=("${text#"$head"}")
    done < <("$1" completion --line "$line" 2>/dev/null)
    # ENV@ is half of a backup's name
    if [[ ${#COMPREPLY[@]} -gt 0 && ${COMPREPLY[0]} == *[@:] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o default -o nosort -F _envkeep envkeep 2>/dev/null || complete -o default -F _envkeep envkeep
"""

_ZSH = r"""#compdef envkeep
# zsh completion of envkeep
_envkeep() {
    local text about
    local -a whole half whole_shown half_shown
    while IFS=$'\t' read -r text about; do
        # ENV@ is half of a backup's name
        if [[ $text == *[@:] ]]; then
            half+=("$text") half_shown+=("$text${about:+  -- $about}")
        else
            whole+=("$text") whole_shown+=("$text${about:+  -- $about}")
        fi
    done < <("${words[1]}" completion --line "${(j: :)words[1,CURRENT-1]} $PREFIX" 2>/dev/null)
    if (( $#whole + $#half == 0 )); then
        _files
        return
    fi
    (( $#whole )) && compadd -V backups -l -d whole_shown -a whole
    (( $#half )) && compadd -V environments -S '' -l -d half_shown -a half
}
if [[ $funcstack[1] == _envkeep ]]; then
    _envkeep "$@"
else
    compdef _envkeep envkeep
fi
"""

_FISH = r"""# fish completion of envkeep
function __envkeep_complete
    set -l program (commandline -opc)[1]
    set -l found ($program completion --line (commandline -cp) 2>/dev/null)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c envkeep -f -k -a '(__envkeep_complete)'
"""

_POWERSHELL = r"""# PowerShell completion of envkeep
Register-ArgumentCompleter -Native -CommandName envkeep -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $length = $cursorPosition - $commandAst.Extent.StartOffset
    $line = $commandAst.ToString().PadRight($length).Substring(0, $length)
    & $commandAst.GetCommandName() completion --line "$line" 2>$null | ForEach-Object {
        $text, $about = $_ -split "`t", 2
        if (-not $about) { $about = $text }
        [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $about)
    }
}
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH, "powershell": _POWERSHELL}
