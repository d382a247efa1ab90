"""The fuzzers are programs of their own: importing one would instrument the modules that the other tests use."""

collect_ignore_glob = ["fuzz_*.py"]
