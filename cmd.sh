# How steps run the jobs that they split their work into (--nj). They read it themselves; change it here, or set these:
#
#   CTCB_JOBS     local: processes on this machine; slurm: arrays of `sbatch`
#   CTCB_SBATCH   options of sbatch for every job
export CTCB_JOBS=${CTCB_JOBS:-local}
export CTCB_SBATCH=${CTCB_SBATCH:---cpus-per-task=2 --mem=6G --time=12:00:00}
