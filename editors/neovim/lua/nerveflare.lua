-- nerveflare for Neovim: the language server for workflow files, and its lenses in a terminal below.
-- Neovim 0.7 or later, without plugins: require("nerveflare").setup()
local M = {}

-- What runs: the project's own nerveflare, else the one on the path. `setup({ program = { "npx", "nerveflare" } })` says otherwise.
local function find_program(file)
  local folder = vim.fn.fnamemodify(file, ":p:h")
  local found = vim.fn.findfile("node_modules/.bin/nerveflare", vim.fn.fnameescape(folder) .. ";")
  return found ~= "" and { vim.fn.fnamemodify(found, ":p") } or { "nerveflare" }
end

-- The project: one server is enough for all its files.
local function find_root(file)
  local folder = vim.fn.fnamemodify(file, ":p:h")
  local git = vim.fn.finddir(".git", vim.fn.fnameescape(folder) .. ";")
  return git ~= "" and vim.fn.fnamemodify(git, ":p:h:h") or folder
end

local function extended(list, ...)
  return vim.list_extend(vim.list_extend({}, list), { ... })
end

-- A program and its words, without a shell: names of files are words, whatever is in them.
local function run_in_terminal(words)
  vim.cmd("botright 15new")
  if vim.fn.has("nvim-0.11") == 1 then
    vim.fn.jobstart(words, { term = true })
  else
    vim.fn.termopen(words)
  end
end

local function show_lenses(buffer)
  if vim.lsp.codelens.enable then
    vim.lsp.codelens.enable(true, { bufnr = buffer })
    return
  end
  -- It asks for the current buffer, and one that no server has yet would wait for ever.
  local function refresh() vim.api.nvim_buf_call(buffer, function() vim.lsp.codelens.refresh() end) end
  vim.api.nvim_create_autocmd({ "BufEnter", "InsertLeave", "BufWritePost" }, { buffer = buffer, callback = refresh })
  refresh()
end

local clients = {}

local function start(config, buffer)
  if vim.lsp.start then
    vim.lsp.start(config, { bufnr = buffer })
    return
  end
  -- Neovim 0.7.
  local known = clients[config.root_dir]
  if not known or vim.lsp.client_is_stopped(known) then
    known = vim.lsp.start_client(config)
    clients[config.root_dir] = known
  end
  if known then
    vim.lsp.buf_attach_client(buffer, known)
  end
end

function M.setup(options)
  options = options or {}
  local verbs = { "simulate", "test", "prove", "publish" }
  local own = {}
  for _, verb in ipairs(verbs) do
    local name = "nerveflare." .. verb
    table.insert(own, name)
    vim.lsp.commands[name] = function(command)
      local file = vim.uri_to_fname(command.arguments[1])
      local buffer = vim.fn.bufnr(file)
      if buffer > 0 and vim.bo[buffer].modified then
        vim.api.nvim_buf_call(buffer, function() vim.cmd("silent write") end)
      end
      if verb == "publish" and vim.fn.confirm("Publish " .. vim.fn.fnamemodify(file, ":t") .. "?", "&Publish\n&Cancel", 2) ~= 1 then
        return
      end
      run_in_terminal(extended(options.program or find_program(file), verb, file))
    end
  end
  vim.api.nvim_create_autocmd("FileType", {
    pattern = "yaml",
    callback = function(event)
      local buffer = event.buf
      local file = vim.api.nvim_buf_get_name(buffer)
      if vim.bo[buffer].buftype ~= "" or file == "" then
        return
      end
      -- The server leaves alone what is no workflow.
      start({
        name = "nerveflare",
        cmd = extended(options.program or find_program(file), "lsp"),
        root_dir = find_root(file),
        init_options = { commands = own },
        on_attach = function(_, attached) show_lenses(attached) end,
      }, buffer)
    end,
  })
end

return M
