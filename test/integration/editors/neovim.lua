-- What a person does in Neovim, told as lines of JSON. The settings' folder, the workflow and the program come by the environment.
vim.o.swapfile = false
vim.opt.runtimepath:prepend(vim.env.SETTINGS)
vim.cmd("filetype on")
require("nerveflare").setup({ program = vim.fn.json_decode(vim.env.PROGRAM) })

local function tell(what, value)
  io.stdout:write(vim.fn.json_encode({ what = what, value = value }) .. "\n")
end
local function wait(holds)
  if not vim.wait(20000, holds, 10) then
    tell("waited in vain", debug.traceback())
    vim.cmd("cquit")
  end
end
local function ask(method, params)
  params = params or {}
  params.textDocument = { uri = vim.uri_from_bufnr(0) }
  for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 20000) or {}) do
    return answer.result
  end
end
local function find(text)
  for index, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    local column = line:find(text, 1, true)
    if column then
      return { line = index - 1, character = column - 1 }
    end
  end
end
local function codes()
  return vim.tbl_map(function(found) return found.code or found.user_data.lsp.code end, vim.diagnostic.get(0))
end

vim.cmd("edit " .. vim.fn.fnameescape(vim.env.OTHER))
local other = vim.api.nvim_get_current_buf()
vim.cmd("edit " .. vim.fn.fnameescape(vim.env.WORKFLOW))
wait(function() return #vim.diagnostic.get(0) > 0 end)
tell("diagnostics", codes())
tell("other", #vim.diagnostic.get(other))

local slip = find("max_round:")
vim.api.nvim_win_set_cursor(0, { slip.line + 1, slip.character })
vim.api.nvim_buf_set_text(0, slip.line, slip.character, slip.line, slip.character + 9, { "max_rounds" })
wait(function() return #vim.diagnostic.get(0) == 0 end)
tell("mended", codes())

local role = find("role: author")
role.character = role.character + 6
local completion = ask("textDocument/completion", { position = role })
tell("completion", vim.tbl_map(function(item) return item.label end, completion.items or completion))
tell("hover", ask("textDocument/hover", { position = role }).contents.value)

wait(function() return #vim.lsp.codelens.get(0) > 0 end)
local lenses = vim.tbl_map(function(lens) return lens.command.title end, vim.lsp.codelens.get(0))
tell("lenses", lenses)
local name = find("name: ")
vim.api.nvim_win_set_cursor(0, { name.line + 1, 0 })
vim.ui.select = function(choices, options, choose)
  for index, choice in ipairs(choices) do
    if options.format_item(choice):find("Prove") then
      choose(choice, index)
    end
  end
end
vim.lsp.codelens.run()
wait(function() return vim.bo.buftype == "terminal" end)
local terminal = vim.api.nvim_get_current_buf()
local function printed() return table.concat(vim.api.nvim_buf_get_lines(terminal, 0, -1, false), "") end
wait(function() return printed():find("[Process exited", 1, true) ~= nil end)
tell("terminal", printed())
tell("saved", #vim.fn.readfile(vim.env.WORKFLOW))
vim.cmd("qall!")
