#!/usr/bin/env bash
# What only a GPU can tell, in one command and under 8 minutes. The machine needs a CUDA driver, PyTorch, Triton, numba,
# pandas, pyarrow, matplotlib, PyYAML and pytest; no Snakemake, no installation, no network.
#
#   OUT=folder benchmarks/on_gpu.sh            in the repository's root
#   OUT=folder benchmarks/on_gpu.sh --small    a few steps of each part in Triton's interpreter: to try this script
#
# In the folder are then on_gpu.md (a table), on_gpu.json (the same) and on_gpu.log. Each part has a time limit of its
# own; one that fails or ends too late is told as such in the table.
set -uo pipefail
cd "$(dirname "$0")/.."
: "${OUT:?say where the results go: OUT=folder benchmarks/on_gpu.sh}"
mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
small=()
if [[ "${1:-}" == --small ]]; then
  small=(--small)
  export TRITON_INTERPRET=1
fi
parts=$(mktemp -d)
trap 'rm -rf "$parts"' EXIT
export PYTHONPATH="$PWD/workflow/lib:$PWD/benchmarks${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1

part() { # part NAME SECONDS COMMAND...: its log, and how it ended
  local name=$1 limit=$2 began=$SECONDS
  shift 2
  timeout "$limit" "$@" >"$parts/$name.log" 2>&1
  echo "$? $((SECONDS - began)) $limit" >"$parts/$name.ended"
}

tests() { # tests NAME FILE: the kernels of one science on the device, each at the same time as the others
  local selected=()
  if [[ ${#small[@]} -gt 0 ]]; then selected=(-k "compared or check or plain_simulation or bits"); fi
  part "tests_$1" 120 python3 -m pytest -o addopts= -p no:cacheprovider --import-mode=importlib -q "$2" "${selected[@]}"
}

tests streams tests/streams/test_streams_cuda.py &
tests spiking tests/spiking/test_spiking_cuda.py &
tests rate tests/rate/test_rate_cuda.py &
tests networks tests/networks/test_network_cuda.py &
wait
part agreement 60 python3 benchmarks/gpu_agreement.py --json "$parts/agreement.json" "${small[@]}"
part speed 60 python3 benchmarks/gpu.py --json "$parts/speed.json" "${small[@]}"
part paper 200 python3 benchmarks/gpu_paper.py --json "$parts/paper.json" "${small[@]}"
for log in "$parts"/*.log; do
  echo "== $(basename "$log" .log) =="
  cat "$log"
done >"$OUT/on_gpu.log"
python3 benchmarks/gpu_table.py "$parts" "$OUT"
