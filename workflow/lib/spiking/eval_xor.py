"""Evaluate the spiking versions of XOR models: python -m spiking.eval_xor --model_dir
models/xor/"""

from .arguments import callable_module
from .eval_tasks import main_of

main = main_of("xor")

if __name__ == "__main__":
    main()
else:  # not before: --help does not wait for what it imports
    from .evaluation import eval_xor

    __all__ = ["eval_xor"]
    callable_module(__name__, eval_xor)
