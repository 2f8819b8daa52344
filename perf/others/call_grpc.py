"""Call a gRPC server as often as standard input says, a number a line: `call_grpc.py PATH`; answers each line when done."""

import sys

import grpc

with grpc.insecure_channel(f"unix:{sys.argv[1]}") as channel:
    call = channel.unary_unary("/isaac.Bench/greet")
    for line in sys.stdin:
        for _ in range(int(line)):
            assert call(b'{"name": "ada"}', wait_for_ready=True) == b'"hello ada"'
        print("done", flush=True)
