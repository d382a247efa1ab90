"""An end that a signal asks for isn't lost where Arrow calls back: it would print the exception, and go on."""

from __future__ import annotations

import os
import signal
import threading

import pyarrow.csv as pa_csv
import pytest

from driftduel import Terminated, _terminate
from producer.ending import end, uninterrupted
from producer.lines import read_block


@pytest.fixture
def listening():
    """SIGTERM asks for an end, as in the commands."""
    before = signal.signal(signal.SIGTERM, _terminate)
    yield
    signal.signal(signal.SIGTERM, before)


def test_a_signal_while_arrow_reads_ends_it_afterwards(listening, monkeypatch: pytest.MonkeyPatch) -> None:
    """It calls back for a line with too many columns, at times in this thread: no exception may come there."""
    open_csv, opened = pa_csv.open_csv, []

    def interrupted(*arguments: object, **options: object) -> pa_csv.CSVStreamingReader:
        os.kill(os.getpid(), signal.SIGTERM)
        opened.append(open_csv(*arguments, **options))
        return opened[0]

    monkeypatch.setattr(pa_csv, "open_csv", interrupted)
    with pytest.raises(Terminated):
        read_block([b"1,2", b"1,2,3", b"3,4"], names=["a", "b"], convert=pa_csv.ConvertOptions())
    assert opened


def test_an_end_is_put_off_once_and_no_longer() -> None:
    """What is in the block is done, and the next end comes at once; in another thread nothing is put off."""
    done = []

    def work() -> None:
        with uninterrupted():
            end(Terminated())
            done.append("all of it")

    with pytest.raises(Terminated):
        work()
    assert ["all of it"] == done
    with pytest.raises(Terminated):
        end(Terminated())

    def elsewhere() -> None:
        with uninterrupted(), pytest.raises(Terminated):
            end(Terminated())
        done.append("elsewhere")

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert ["all of it", "elsewhere"] == done
