"""Serve one small call over a Unix socket: `serve.py starlette|aiohttp|jsonrpc|grpc DESCRIPTOR|PATH`.

Each takes {"name": "ada"} and answers "hello ada", as its own tutorial would do it, on uvloop where that is usual.
"""

import asyncio
import json
import socket
import sys


def starlette(descriptor: str) -> None:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def greet(request: Request) -> JSONResponse:
        return JSONResponse(f"hello {(await request.json())['name']}")

    app = Starlette(routes=[Route("/greet", greet, methods=["POST"])])
    uvicorn.run(app, fd=int(descriptor), loop="uvloop", http="httptools", log_level="error", access_log=False)


def aiohttp(descriptor: str) -> None:
    import uvloop
    from aiohttp import web

    async def greet(request: web.Request) -> web.Response:
        return web.json_response(f"hello {(await request.json())['name']}")

    app = web.Application()
    app.router.add_post("/greet", greet)
    uvloop.install()
    web.run_app(app, sock=socket.socket(fileno=int(descriptor)), print=None, access_log=None)


def jsonrpc(descriptor: str) -> None:
    import uvloop
    from jsonrpcserver import Result, Success, async_dispatch, method

    @method
    async def greet(name: str) -> Result:
        return Success(f"hello {name}")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write((await async_dispatch(line.decode())).encode() + b"\n")
        writer.close()

    async def main() -> None:
        server = await asyncio.start_unix_server(talk, sock=socket.socket(fileno=int(descriptor)))
        await server.serve_forever()

    uvloop.install()
    asyncio.run(main())


def grpc(path: str) -> None:
    import grpc

    async def greet(request: bytes, _: object) -> bytes:
        return json.dumps(f"hello {json.loads(request)['name']}").encode()

    async def main() -> None:
        server = grpc.aio.server()
        handlers = {"greet": grpc.unary_unary_rpc_method_handler(greet)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("isaac.Bench", handlers),))
        server.add_insecure_port(f"unix:{path}")
        await server.start()
        await server.wait_for_termination()

    asyncio.run(main())


if __name__ == "__main__":
    {"starlette": starlette, "aiohttp": aiohttp, "jsonrpc": jsonrpc, "grpc": grpc}[sys.argv[1]](sys.argv[2])
