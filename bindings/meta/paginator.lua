-- SPDX-License-Identifier: MIT
---@meta perilune.paginator
-- luacheck: ignore 241 (the classes below are only there to be read)

---Lists in pages.
---@class perilune.paginator
---@field InvalidPage table the class of both errors below
---@field PageNotAnInteger table a page number that is none
---@field EmptyPage table a page that does not exist
local paginator = {}

---@class perilune.paginator.Opts
---@field orphans? integer as few items more go onto the last page instead of one of their own; 0
---@field allow_empty_first_page? boolean an empty list has one page; true
---@field error_messages? { invalid_page: string?, min_page: string?, no_results: string? }

---One page: `#page`, `page[1]`, `for i, item in ipairs(page)`.
---@class perilune.paginator.Page
---@field object_list any a list, or the slice of the QuerySet
---@field number integer 1 and up
---@field paginator perilune.paginator.Paginator
local Page = {}

---@return boolean
function Page:has_next() end

---@return boolean
function Page:has_previous() end

---@return boolean
function Page:has_other_pages() end

---Raises `EmptyPage` on the last.
---@return integer
function Page:next_page_number() end

---Raises `EmptyPage` on the first.
---@return integer
function Page:previous_page_number() end

---Place of its first item in the whole list; 0 when that is empty.
---@return integer
function Page:start_index() end

---Place of its last item in the whole list.
---@return integer
function Page:end_index() end

paginator.Page = Page

---`for n, page in ipairs(paginator)` goes through the pages.
---@class perilune.paginator.Paginator
---@field object_list any
---@field per_page integer
---@field orphans integer
---@field allow_empty_first_page boolean
---@field error_messages table<string, string>
---@field count integer items in all
---@field num_pages integer
---@field page_range integer[] 1 to num_pages
---@field ELLIPSIS string "…"
---@overload fun(object_list: any, per_page: integer, opts?: perilune.paginator.Opts): perilune.paginator.Paginator a list, or an object with count() and slice(first, last)
local Paginator = {}

---The number as an integer. Raises `PageNotAnInteger` or `EmptyPage`.
---@param number any
---@return integer
function Paginator:validate_number(number) end

---Raises `PageNotAnInteger` or `EmptyPage`.
---@param number any
---@return perilune.paginator.Page
function Paginator:page(number) end

---Never raises for a wrong number: the first page for what is none, the last for what does not exist.
---@param number any
---@return perilune.paginator.Page
function Paginator:get_page(number) end

---Page numbers around one, and at both ends, with ELLIPSIS for those left out.
---@param number? any 1
---@param opts? { on_each_side: integer?, on_ends: integer? } 3 and 2
---@return (integer|string)[]
function Paginator:get_elided_page_range(number, opts) end

paginator.Paginator = Paginator

return paginator
