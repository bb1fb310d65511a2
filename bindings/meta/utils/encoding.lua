-- SPDX-License-Identifier: MIT
---@meta perilune.utils.encoding

---Of django.utils.encoding what concerns URLs.
---@class perilune.utils.encoding
local encoding = {}

---Percent-encodes what may not stand in a URI; what is encoded stays.
---@param iri string?
---@return string?
function encoding.iri_to_uri(iri) end

---Decodes letters and valid UTF-8.
---@param uri string?
---@return string?
function encoding.uri_to_iri(uri) end

---Encodes what would end a path, or is unsafe in one.
---@param path string
---@return string
function encoding.escape_uri_path(path) end

---A file's path as a URL path.
---@param path string?
---@return string?
function encoding.filepath_to_uri(path) end

---Encodes the bytes that are not valid UTF-8.
---@param path string
---@return string
function encoding.repercent_broken_unicode(path) end

return encoding
