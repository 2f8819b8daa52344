"""One complete question through an SDK: `sdk.py openai|anthropic|litellm URL QUESTION`; prints the pieces as they come."""

import sys


def ask_openai(url: str, question: str) -> None:
    from openai import OpenAI

    turns = [{"role": "user", "content": question}]
    with OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        for piece in client.chat.completions.create(model="delay-0", messages=turns, stream=True):
            if piece.choices:
                print(piece.choices[0].delta.content or "", end="")


def ask_anthropic(url: str, question: str) -> None:
    from anthropic import Anthropic

    turns = [{"role": "user", "content": question}]
    with (
        Anthropic(base_url=url, api_key="none") as client,
        client.messages.stream(model="delay-0", max_tokens=100, messages=turns) as stream,
    ):
        for text in stream.text_stream:
            print(text, end="")


def ask_litellm(url: str, question: str) -> None:
    import litellm

    turns = [{"role": "user", "content": question}]
    answer = litellm.completion(
        "openai/delay-0", messages=turns, api_base=f"{url}/v1", api_key="none", stream=True
    )
    for piece in answer:
        print(piece.choices[0].delta.content or "", end="")


{"openai": ask_openai, "anthropic": ask_anthropic, "litellm": ask_litellm}[sys.argv[1]](*sys.argv[2:])
