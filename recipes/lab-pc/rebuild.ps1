# Rebuild an environment from a folder of backups, hold every file against its hash, and keep the proof beside it.
#   .\rebuild.ps1 BACKUPS ENVIRONMENT TARGET [BACKUP]
# Exit status: 0 exact, 3 otherwise, 1 an error (then TARGET is not there).
param(
    [Parameter(Mandatory = $true)] [string] $Backups,
    [Parameter(Mandatory = $true)] [string] $Environment,
    [Parameter(Mandatory = $true)] [string] $Target,
    [string] $Backup = "latest"
)

if (-not (Get-Command envkeep -ErrorAction SilentlyContinue)) {
    [Console]::Error.WriteLine("envkeep is not installed; do: pipx install 'envkeep[engine]'")
    exit 1
}

envkeep restore "$Environment@$Backup" --prefix $Target --home $Backups --yes
$restored = $LASTEXITCODE
if (($restored -ne 0) -and ($restored -ne 3)) { exit $restored }

$proof = "$Target.verified.json"
envkeep verify "$Environment@$Backup" --prefix $Target --home $Backups --files --json | Out-File -Encoding utf8 $proof
$verified = $LASTEXITCODE
if (($verified -ne 0) -and ($verified -ne 3)) { exit $verified }
Write-Output "what came out, package by package: $proof"
if (($restored -eq 3) -or ($verified -eq 3)) { exit 3 }
exit 0
