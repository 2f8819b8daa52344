--- Lines that are run: judged by the daemon, agreed to by the person, executed in a terminal of Neovim.

local link = require("isaac.link")

local M = {}

local function say(text, level)
  vim.notify("isaac: " .. text, level or vim.log.levels.INFO)
end

local function told(plan)
  local rows = { plan.line, "", "tier " .. plan.tier }
  for _, reason in ipairs(plan.reasons) do
    table.insert(rows, "- " .. reason.text)
  end
  return table.concat(rows, "\n")
end

--- Ask as the plan demands; what `approve` takes, or nil if nobody agrees.
local function agreed(plan)
  local said = { token = plan.token }
  if plan.demand == "nothing" then
    return said
  elseif plan.demand == "notice" then
    say(told(plan))
  elseif plan.demand == "phrase" then
    said.phrase = vim.fn.input(("%s\n\nType `%s` to run it: "):format(told(plan), plan.phrase))
    return said.phrase ~= "" and said or nil
  else
    said.yes = vim.fn.confirm(told(plan), "&Run\n&Cancel", 2) == 1
    return said.yes and said or nil
  end
  return said
end

local function is_there(released)
  local found = vim.loop.fs_stat(released.cwd)
  local folder = released.folder
  return folder == nil or folder == vim.NIL or (found and found.dev == folder[1] and found.ino == folder[2])
end

local function execute(released)
  if not is_there(released) then
    return say("the folder is not the one that the line was judged in; say it again", vim.log.levels.ERROR)
  end
  vim.cmd("botright new")
  return vim.fn.termopen(released.argv, { cwd = released.cwd })
end

local function carry_out(line)
  local card = link.call("route", { line = line, shell = vim.fn.exepath(vim.o.shell), _meta = link.meta() })
  local plan = card.plan
  if plan == nil or plan == vim.NIL then
    return say(card.because)
  end
  local said = agreed(plan)
  if not said then
    return say("nothing was run")
  end
  return execute(link.call("approve", said))
end

--- Have a line judged, ask, and run it; `done(job)` gets the terminal's job, or nil where nothing was run.
function M.run(line, done)
  done = done or function() end
  link.connect(function()
    local ok, result = pcall(carry_out, line)
    if not ok then
      say(result, vim.log.levels.ERROR)
    end
    done(ok and result or nil)
  end, function(text)
    say(text, vim.log.levels.ERROR)
    done(nil)
  end)
end

return M
