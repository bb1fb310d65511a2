-- SPDX-License-Identifier: MIT
-- The bytes of a fixture in pieces, whatever it is packed in; of a big file never all at once.
local exceptions = require "perilune.exceptions"
local gzip = require "perilune._gzip"
local programs = require "perilune._fixtures.programs"

local M = {}

local PIECE = 65536

local function bad(path, why)
  return exceptions.CommandError(("cannot read fixture '%s': %s"):format(path, why))
end

-- ---- zip archives ----

-- The end of the central directory: how many files there are, where the list of them begins.
local function directory(file, path)
  local size = file:seek "end"
  file:seek("set", math.max(0, size - 65557))
  local tail = file:read "a" or ""
  local at = tail:match ".*()PK\5\6"
  if not at or #tail - at < 21 then
    error(bad(path, "it is no zip archive, or stops short"), 0)
  end
  local count, _, offset = string.unpack("<I2I4I4", tail, at + 10)
  return count, offset
end

-- The only file of an archive: method, crc, its size packed and unpacked, where its bytes begin.
local function only_entry(file, path)
  local count, offset = directory(file, path)
  if count ~= 1 then
    error(bad(path, ("a zip archive of a fixture holds one file, not %d"):format(count)), 0)
  end
  file:seek("set", offset)
  local head = file:read(46) or ""
  if #head < 46 or head:sub(1, 4) ~= "PK\1\2" then
    error(bad(path, "its directory is damaged"), 0)
  end
  local flags, method, _, _, crc, packed, size, _, _, _, _, _, _, start = string.unpack("<I2I2I2I2I4I4I4I2I2I2I2I2I4I4", head, 9)
  if flags & 1 == 1 then
    error(bad(path, "it is encrypted"), 0)
  elseif method ~= 0 and method ~= 8 then
    error(bad(path, ("its compression (method %d) is not known: pack it with deflate"):format(method)), 0)
  end
  file:seek("set", start)
  local here = file:read(30) or ""
  if #here < 30 then
    error(bad(path, "it stops short"), 0)
  end
  local name, extra = string.unpack("<I2I2", here, 27)
  return { method = method, crc = crc, packed = packed, size = size, start = start + 30 + name + extra }
end

-- What a zip archive holds is what a gzip file holds, in other words around it.
local function as_gzip(path)
  local file, why = io.open(path, "rb")
  if not file then
    error(bad(path, why), 0)
  end
  local entry = only_entry(file, path)
  local temporary = os.tmpname()
  local out = assert(io.open(temporary, "wb"))
  file:seek("set", entry.start)
  if entry.method == 8 then
    out:write "\31\139\8\0\0\0\0\0\0\255"
  end
  local left = entry.packed
  while left > 0 do
    local piece = file:read(math.min(left, PIECE))
    if not piece then
      break
    end
    out:write(piece)
    left = left - #piece
  end
  if entry.method == 8 then
    out:write(string.pack("<I4I4", entry.crc, entry.size))
  end
  file:close()
  out:close()
  if left > 0 then
    os.remove(temporary)
    error(bad(path, "it stops short"), 0)
  end
  return temporary
end

-- ---- pieces ----

local function of_gzip(path, shown)
  local file = gzip.open(path)
  return function()
    local ok, piece = pcall(file.read, file, PIECE)
    if not ok then
      error(bad(shown, exceptions.wrap(piece).message), 0)
    elseif piece == nil then
      file:close()
    end
    return piece
  end
end

--- A function that gives the next piece, nil at the end. found: of find.lua; path "-" is
--- standard input.
function M.pieces(found)
  if found.path == "-" then
    return function()
      return io.stdin:read(PIECE)
    end
  elseif programs.has(found.packed) then
    return programs.pieces(found.path, found.packed, PIECE, function(why)
      return bad(found.path, why)
    end)
  elseif found.packed == "zip" then
    local temporary = as_gzip(found.path)
    local ok, pieces = pcall(of_gzip, temporary, found.path)
    os.remove(temporary) -- it stays readable while it is open
    if not ok then
      error(pieces, 0)
    end
    return pieces
  end
  return of_gzip(found.path, found.path)
end

return M
