--- Runs: requests that are begun, tell what happens to them as it happens, and end exactly once.

local link = require("isaac.link")

local M = {}

local LOOK_MS = 500
local GONE = { message = "the daemon has left; this is not the whole answer", data = { name = "connection lost" } }
-- What hears of each run, by its name; and what came before the name was known.
local hearers, early = {}, nil
local watch = vim.loop.new_timer()

-- An error of an event, as text with what to do about it.
local function told(wrong)
  local hint = wrong.data.hint
  return ("%s: %s"):format(wrong.data.name, wrong.message) .. (type(hint) == "string" and "\n" .. hint or "")
end

local function tell(run, kind, data)
  local hear = hearers[run]
  if kind == "end" then
    hearers[run] = nil
    data = { result = data.result, error = data.error and told(data.error) or nil }
  end
  hear(kind, data)
end

-- Neovim does not say when a channel is gone.
local function look()
  if next(hearers) == nil then
    watch:stop()
  elseif not link.alive() then
    for run in pairs(hearers) do
      tell(run, "end", { error = GONE })
    end
  end
end

--- What the daemon sends.
function M.event(run, seq, kind, data)
  if hearers[run] then
    tell(run, kind, data)
  elseif early then
    table.insert(early, { run, kind, data })
  end
end

--- Begin a run. `hear(kind, data)` is called for each event, the last time with "end" and `{ result }` or `{ error = text }`.
--- `named(run)` gets the name by which it can be stopped.
function M.begin(method, arguments, hear, named)
  local function failed(text)
    hear("end", { error = text })
  end
  link.connect(function()
    early = {}
    local ok, run = pcall(link.start, method, arguments, "require('isaac.runs').event")
    local came = early
    early = nil
    if not ok then
      return failed(run)
    end
    hearers[run] = hear
    named(run)
    watch:start(LOOK_MS, LOOK_MS, vim.schedule_wrap(look))
    for _, event in ipairs(came) do
      if event[1] == run then
        tell(unpack(event))
      end
    end
  end, failed)
end

--- Stop a run; it still ends.
function M.stop(run)
  if hearers[run] then
    link.tell("cancel", run)
  end
end

return M
