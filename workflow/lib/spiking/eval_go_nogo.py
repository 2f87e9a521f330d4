"""Evaluate the spiking versions of Go-NoGo models: python -m spiking.eval_go_nogo --model_dir
models/go-nogo/"""

from .arguments import callable_module
from .eval_tasks import main_of

main = main_of("go_nogo")

if __name__ == "__main__":
    main()
else:  # not before: --help does not wait for what it imports
    from .evaluation import eval_go_nogo

    __all__ = ["eval_go_nogo"]
    callable_module(__name__, eval_go_nogo)
