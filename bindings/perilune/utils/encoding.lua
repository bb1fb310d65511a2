-- SPDX-License-Identifier: MIT
-- Of django.utils.encoding what concerns URLs.
local util = require "perilune._http_util"

local M = {}

local function pass_nil(f)
  return function(text)
    if text == nil then
      return nil
    end
    return f(text)
  end
end

--- Percent-encodes what may not stand in a URI; what is encoded stays. nil gives nil.
M.iri_to_uri = pass_nil(util.iri_to_uri)

--- Decodes letters and valid UTF-8. nil gives nil.
M.uri_to_iri = pass_nil(util.uri_to_iri)

--- Encodes what would end a path, or is unsafe in one.
M.escape_uri_path = util.escape_uri_path

--- A file's path as a URL path. nil gives nil.
M.filepath_to_uri = pass_nil(util.filepath_to_uri)

--- Encodes the bytes that are not valid UTF-8.
M.repercent_broken_unicode = util.repercent_broken_unicode

return M
