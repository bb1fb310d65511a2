-- SPDX-License-Identifier: MIT
-- Fixtures that are packed with bzip2 or xz, through the programs of these names: few need
-- them, so that the server is not linked with their libraries for it.
local exceptions = require "perilune.exceptions"

local M = {}

local PROGRAMS = {
  bz2 = { name = "bzip2", pack = "bzip2 -9 -c", unpack = "bzip2 -dc", package = "bzip2" },
  xz = { name = "xz", pack = "xz -c", unpack = "xz -dc", package = "xz-utils" },
  lzma = { name = "xz", pack = "xz --format=lzma -c", unpack = "xz -dc", package = "xz-utils" },
}

local NOT_FOUND = 127 -- of the shell

--- Whether files with this ending go through a program.
function M.has(ending)
  return PROGRAMS[ending] ~= nil
end

local function quoted(path)
  return "'" .. path:gsub("'", "'\\''") .. "'"
end

-- Closes the pipe; what went wrong as text, or nil.
local function finish(pipe, program, otherwise)
  local ok, _, status = pipe:close()
  if ok then
    return nil
  elseif status == NOT_FOUND then
    return ("the program '%s' is missing: apt-get install %s"):format(program.name, program.package)
  end
  return otherwise
end

--- A function that gives the file's next piece of `size` bytes, nil at the end; raises fail(why).
function M.pieces(path, ending, size, fail)
  local program = PROGRAMS[ending]
  local file, why = io.open(path, "rb") -- the shell would say it in its own words
  if not file then
    error(fail(why), 0)
  end
  file:close()
  local pipe = assert(io.popen(("%s <%s 2>/dev/null"):format(program.unpack, quoted(path)), "r"))
  return function()
    local piece = pipe:read(size)
    local problem = not piece and finish(pipe, program, "it is damaged, stops short, or no ." .. ending .. " file")
    if problem then
      error(fail(problem), 0)
    end
    return piece
  end
end

local Writer = {}
Writer.__index = Writer

function Writer:write(text)
  if not self.pipe:write(text) then -- the program has gone: why, its status says
    self:close()
  end
end

function Writer:close()
  local problem = finish(self.pipe, self.program, "the disk is full")
  if problem then
    error(exceptions.CommandError(("cannot write %s: %s"):format(self.path, problem)), 0)
  end
end

-- Should the program end early, somebody must go on reading: SIGPIPE would end us.
local DRAINED = "{ %s 2>/dev/null || { s=$?; while read -r _; do :; done; exit $s; } } >%s"

--- A new file, for write(text) and close(), which raise CommandError.
function M.create(path, ending)
  local file, why = io.open(path, "wb")
  if not file then
    error(exceptions.CommandError(why), 0)
  end
  file:close()
  local program = PROGRAMS[ending]
  local pipe = assert(io.popen(DRAINED:format(program.pack, quoted(path)), "w"))
  return setmetatable({ pipe = pipe, path = path, program = program }, Writer)
end

return M
