"""Pictures, tables and verdicts from runs; and the verbs that join everything."""
