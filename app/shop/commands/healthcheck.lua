-- SPDX-License-Identifier: MIT
-- `perilune healthcheck`: does everything answer that the shop stands on? Status 1 when not.
local cache = require "perilune.cache"
local commands = require "perilune.commands"
local db = require "perilune.db"
local fs = require "core.files"
local json = require "perilune.json"
local models = require "shop.models"
local settings = require "perilune.settings"
local text = require "perilune.utils.text"
local time = require "perilune.time"

local MEGABYTE = 1024 * 1024
local LEAST_FREE = 100 * MEGABYTE

local CHECKS = {
  {
    "database",
    function()
      for row in db.query "SELECT 1 AS one" do
        assert(row.one == 1, "it gave something odd")
      end
      return ("%d products"):format(models.Product.objects:count())
    end,
  },
  {
    "cache",
    function()
      local key, value = "healthcheck:" .. text.get_random_string(8), text.get_random_string(16)
      cache:set(key, value, 10)
      local back = cache:get(key)
      cache:delete(key)
      assert(back == value, "what was put into it does not come out")
      return "read and written"
    end,
  },
  {
    "disk",
    function()
      local file = settings.data_dir .. "/.healthcheck"
      local handle = assert(io.open(file, "w"))
      handle:write "x"
      assert(handle:close())
      os.remove(file)
      local free = fs.free_bytes(settings.data_dir)
      if free and free < LEAST_FREE then
        error(("only %d MB are free"):format(free // MEGABYTE), 0)
      end
      return free and ("%d MB free"):format(free // MEGABYTE) or "writable"
    end,
  },
}

return {
  help = "Checks the database, the cache and the disk.",
  arguments = { { "--json", flag = true, help = "for programs" } },
  handle = function(options, command)
    local results, bad = {}, 0
    for _, check in ipairs(CHECKS) do
      local start = time.monotonic()
      local ok, what = pcall(check[2])
      bad = bad + (ok and 0 or 1)
      results[#results + 1] = { name = check[1], ok = ok, message = tostring(what), ms = (time.monotonic() - start) * 1000 }
    end
    if options.json then
      command:write(json.encode { ok = bad == 0, checks = json.array(results) })
    else
      for _, r in ipairs(results) do
        command:write(("%s %s: %s (%.1f ms)"):format(r.ok and command.style.success "ok  " or command.style.error "FAIL", r.name, r.message, r.ms))
      end
    end
    if bad > 0 then
      error(commands.CommandError(("%d of %d checks failed"):format(bad, #results)))
    end
  end,
}
