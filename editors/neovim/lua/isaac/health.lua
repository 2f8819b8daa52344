--- `:checkhealth isaac`

local link = require("isaac.link")

local M = {}

function M.check()
  vim.health = vim.health or require("health")
  local ok = vim.health.ok or vim.health.report_ok
  local wrong = vim.health.error or vim.health.report_error
  if vim.fn.executable(link.config.program) == 1 then
    ok(link.config.program .. " can be run")
  else
    wrong(link.config.program .. " is not on PATH", { "setup({ program = '/where/it/is/isaacctl' })" })
  end
  local answered
  link.connect(function() answered = link.call("ping") end, function(text) answered = text end)
  vim.wait(10000, function() return answered ~= nil end, 10)
  if type(answered) == "table" then
    ok(("isaacd %s answers at %s"):format(answered.version, link.socket()))
  else
    wrong(answered or "no answer within 10 s from " .. link.socket(), { "isaacctl doctor" })
  end
end

return M
