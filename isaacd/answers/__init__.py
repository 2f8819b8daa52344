"""Answers with a memory: what stands between a question and an AI provider."""
