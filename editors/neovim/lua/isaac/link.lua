--- The connection to the daemon: found, opened, opened again, and told who calls. Neovim speaks its language by itself.

local M = {}

--- `program` starts a daemon where none runs; `socket` is where it listens, if that is not the usual place.
M.config = { program = "isaacctl", socket = nil }

-- What the daemon may know of this editor's environment, as isaacctl tells it.
local TOLD = {}
for name in ([[
  NO_COLOR TERM LANG LC_ALL LC_MESSAGES LC_CTYPE EDITOR VISUAL PAGER SHELL PATH HOME USER TMPDIR MANPATH VIRTUAL_ENV
  OLLAMA_HOST BASH_ENV SHELLOPTS PS4 LD_PRELOAD LD_AUDIT DYLD_INSERT_LIBRARIES
]]):gmatch("%S+") do
  TOLD[name] = true
end
local STARTS = { "^ISAAC_", "^BASH_FUNC_", "_API_KEY$", "_BASE_URL$", "_TOKEN$", "_SECRET$" }

local channel = nil

--- The path of the socket.
function M.socket()
  local given = M.config.socket or vim.env.ISAACD_SOCKET
  if given and given ~= "" then
    return given
  end
  local base = vim.env.XDG_RUNTIME_DIR
  if base and base ~= "" and vim.fn.isdirectory(base) == 1 then
    return base .. "/isaacd/isaacd.sock"
  end
  return "/tmp/isaacd-" .. vim.loop.getuid() .. "/isaacd.sock"
end

--- Whether the connection is there; one that the daemon has ended is not.
function M.alive()
  return channel ~= nil and vim.api.nvim_get_chan_info(channel).id ~= nil
end

--- Give up the connection; the daemon cancels what was asked over it.
function M.close()
  if M.alive() then
    vim.fn.chanclose(channel)
  end
  channel = nil
end

local function open()
  local ok, made = pcall(vim.fn.sockconnect, "pipe", M.socket(), { rpc = true })
  if not ok or made == 0 then
    return false
  end
  channel = made
  local version = vim.version()
  local named = { name = "neovim", version = ("%d.%d.%d"):format(version.major, version.minor, version.patch) }
  return (pcall(vim.rpcrequest, channel, "hello", { proto = { 1 }, client = named }))
end

--- Call `ready()` once there is a connection, or `failed(text)`. Where no daemon runs one is started; nothing blocks meanwhile.
function M.connect(ready, failed)
  if M.alive() or open() then
    return ready()
  end
  local said = {}
  local function hear(_, lines)
    vim.list_extend(said, lines)
  end
  local ok, job = pcall(vim.fn.jobstart, { M.config.program, "start" }, {
    on_stderr = hear,
    stderr_buffered = true,
    on_exit = function(_, code)
      if code == 0 and open() then
        ready()
      else
        failed(code == 0 and "nothing listens at " .. M.socket() or vim.trim(table.concat(said, "\n")))
      end
    end,
  })
  if not ok or job <= 0 then
    failed(M.config.program .. " cannot be run; install Isaac, or name it in setup({ program = ... })")
  end
end

-- An empty table of Lua would be sent as an array, which is no arguments by name.
local function named(arguments)
  return next(arguments or {}) ~= nil and arguments or vim.empty_dict()
end

--- Call a method that answers at once, and return its result; raises its error as text, `NAME: MESSAGE`.
function M.call(method, arguments)
  return vim.rpcrequest(channel, method, named(arguments))
end

--- Begin a run whose events go to the Lua function `sink`, named as one writes it; return the run's name.
function M.start(method, arguments, sink)
  return vim.rpcrequest(channel, "start", method, named(arguments), { sink = { "nvim_exec_lua", sink .. "(...)" } })
end

--- Send a notification, if there is still somebody to send it to.
function M.tell(method, ...)
  if M.alive() then
    vim.rpcnotify(channel, method, ...)
  end
end

--- Where the person is: the folder, and the variables that change an answer.
function M.meta()
  local told = {}
  for name, value in pairs(vim.fn.environ()) do
    local allowed = TOLD[name]
    for _, pattern in ipairs(STARTS) do
      allowed = allowed or name:find(pattern) ~= nil
    end
    told[name] = allowed and value or nil
  end
  return { cwd = vim.fn.getcwd(), env = told }
end

return M
