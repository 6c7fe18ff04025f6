#%Module1.0
# What module load @NAME@/@VERSION@ does; build-module.sh fills in the names.
proc ModulesHelp { } {
    puts stderr "@NAME@ @VERSION@: a conda environment, rebuilt and verified by envkeep"
    puts stderr "in @PREFIX@"
}
module-whatis "@NAME@ @VERSION@: a conda environment, rebuilt and verified by envkeep"

# two environments on one PATH would mix their libraries
conflict @NAME@
prepend-path PATH "@PREFIX@/bin"
prepend-path MANPATH "@PREFIX@/share/man"
setenv CONDA_PREFIX "@PREFIX@"
# what a user has in ~/.local would be imported before the environment's own packages
setenv PYTHONNOUSERSITE 1
