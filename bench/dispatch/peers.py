"""The work of bench/dispatch done by a storage of Optuna: trials that report a value for each epoch and end.

Usage: peers.py STORAGE DIR WORKERS EPOCHS SECONDS. Prints the finished trials and the seconds they took, as JSON.
"""

import json
import multiprocessing
import os
import sys
import time

import optuna


def open_storage(kind: str, folder: str) -> optuna.storages.BaseStorage:
    path = os.path.join(folder, "optuna")
    if kind == "sqlite":
        return optuna.storages.RDBStorage(f"sqlite:///{path}.db", engine_kwargs={"connect_args": {"timeout": 100}})
    return optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(path + ".log"))


def loss(decay: float, epoch: int) -> float:
    return decay + 1 / epoch


def work(kind: str, folder: str, seed: int, epochs: int, seconds: float, counts: "multiprocessing.Queue[int]") -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(
        study_name="bench",
        storage=open_storage(kind, folder),
        sampler=optuna.samplers.RandomSampler(seed=seed),
        pruner=optuna.pruners.NopPruner(),
    )
    until, done = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        trial = study.ask()
        trial.suggest_float("lr", 1e-6, 1e-1, log=True)
        decay = trial.suggest_float("decay", 0, 0.3)
        for epoch in range(1, epochs + 1):
            trial.report(loss(decay, epoch), epoch)
            trial.should_prune()
        study.tell(trial, loss(decay, epochs))
        done += 1
    counts.put(done)


def main() -> None:
    kind, folder, workers, epochs, seconds = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    optuna.create_study(study_name="bench", storage=open_storage(kind, folder))
    counts: multiprocessing.Queue[int] = multiprocessing.Queue()
    processes = [multiprocessing.Process(target=work, args=(kind, folder, i, epochs, seconds, counts)) for i in range(workers)]
    begun = time.monotonic()
    for p in processes:
        p.start()
    done = sum(counts.get() for _ in processes)
    took = time.monotonic() - begun
    for p in processes:
        p.join()
    print(json.dumps({"trials": done, "seconds": took}))


if __name__ == "__main__":
    main()
