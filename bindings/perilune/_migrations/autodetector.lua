-- SPDX-License-Identifier: MIT
-- What has to be done to get from one state to another: the operations of makemigrations,
-- and how they spread over files.
--
-- Operations are collected by app with what they depend on: { app, model, field, what }.
-- They are then put in an order in which nothing is used before it is there; where two apps
-- need one another, a migration is split.
local operations = require "perilune._migrations.operations"
local states = require "perilune._migrations.state"
local writer = require "perilune._migrations.writer"

local Detector = {}
Detector.__index = Detector

local function new(from_state, to_state, questioner)
  return setmetatable({ from = from_state, to = to_state, questioner = questioner, items = {}, renamed_models = {}, renamed_fields = {} }, Detector)
end

-- ---- collecting ----

local function add(self, app_label, operation, dependencies, first)
  local item = { app_label = app_label, operation = operation, dependencies = dependencies or {} }
  if first then
    table.insert(self.items, 1, item)
  else
    self.items[#self.items + 1] = item
  end
end

-- The model a relation field points at, and its through model, as dependencies.
local function relation_dependencies(app_label, model_name, field)
  local list = {}
  for _, option in ipairs { "to", "through" } do
    local to = field.options_given[option]
    if type(to) == "table" then
      to = to._meta.label
    end
    if type(to) == "string" and to ~= "self" then
      local key = states.target_key(to, app_label, model_name)
      local app, model = key:match "^(.-)%.(.+)$"
      list[#list + 1] = { app, model, nil, "create" }
    end
  end
  return list
end

-- What a ManyToManyField needs of the model it goes through: its ForeignKeys, too.
local function through_dependencies(self, app_label, model_name, through, target)
  local key = states.target_key(type(through) == "table" and through._meta.label or through, app_label, model_name)
  local list = { table.unpack(target) }
  for _, name in ipairs(self.later and self.later[key] or {}) do
    local app, model = key:match "^(.-)%.(.+)$"
    list[#list + 1] = { app, model, name, "create" }
  end
  return list
end

local function is_relation(field)
  return field.relation
end

local function base_dependencies(state)
  local list = {}
  for _, base in ipairs(state.bases) do
    local app, model = base:lower():match "^(.-)%.(.+)$"
    list[#list + 1] = { app, model, nil, "create" }
  end
  return list
end

-- ---- comparing ----

-- A field as far as the database and the state care; relations without their target when
-- only the shape is compared.
local function field_text(field, without_target)
  local name, options = field:deconstruct()
  local rest = {}
  for k, v in pairs(options) do
    rest[k] = v
  end
  if field.relation then
    local to = rest.to
    rest.to = type(to) == "table" and to._meta.label or to
    if without_target then
      rest.to = nil
    elseif type(rest.to) == "string" then
      rest.to = rest.to:lower()
    end
  end
  local parts = { name }
  local names = {}
  for k in pairs(rest) do
    names[#names + 1] = k
  end
  table.sort(names)
  for _, k in ipairs(names) do
    local ok, text = pcall(writer.value, rest[k])
    parts[#parts + 1] = k .. "=" .. (ok and text or tostring(rest[k]))
  end
  return table.concat(parts, ";")
end

local function qualify(text, field, app_label, model_name)
  if field.relation then
    local to = field.options_given.to
    if type(to) == "table" then
      to = to._meta.label
    end
    if type(to) == "string" then
      return text .. ";target=" .. states.target_key(to, app_label, model_name)
    end
  end
  return text
end

local function same_field(a, b, app_label, model_name)
  return qualify(field_text(a, true), a, app_label, model_name) == qualify(field_text(b, true), b, app_label, model_name)
end

local function managed(state)
  return state.options.managed ~= false and not state.options.proxy
end

local function keys_of(state, wanted)
  local list = {}
  for _, key in ipairs(state.order) do
    if not wanted or wanted(state.models[key]) then
      list[#list + 1] = key
    end
  end
  return list
end

-- ---- renamed models ----

local function shapes(state)
  local list = {}
  for i, pair in ipairs(state.fields) do
    list[i] = pair[1] .. "|" .. field_text(pair[2], true)
  end
  table.sort(list)
  return table.concat(list, "\n")
end

local function find_renamed_models(self)
  for _, key in ipairs(keys_of(self.to)) do
    local new_state = self.to.models[key]
    if not self.from.models[key] then
      for _, old_key in ipairs(keys_of(self.from)) do
        local old_state = self.from.models[old_key]
        if old_state and old_state.app_label == new_state.app_label and not self.to.models[old_key] and not self.renamed_models[old_key] and shapes(old_state) == shapes(new_state) then
          if self.questioner:rename_model(old_state, new_state) then
            add(self, new_state.app_label, operations.RenameModel { old_name = old_state.name, new_name = new_state.name })
            self.renamed_models[old_key] = key
            self.from:rename_model(old_state.app_label, old_state.name, new_state.name)
            break
          end
        end
      end
    end
  end
end

-- ---- created and deleted models ----

local function names_any(sets, names)
  for _, set in ipairs(sets or {}) do
    for _, name in ipairs(set) do
      if names[name:gsub("^-", "")] then
        return true
      end
    end
  end
  return false
end

-- Indexes or constraints that can be made with the table, and those that wait for fields.
local function split_named(list, comes_later)
  local now, after = {}, {}
  for _, item in ipairs(list) do
    local simple = not item.condition and #(item.expressions or {}) == 0
    local wait = next(comes_later) and (not simple or names_any({ item.fields, item.include }, comes_later))
    table.insert(wait and after or now, item)
  end
  return #now > 0 and now or nil, after
end

local function create_model(self, state)
  local app_label = state.app_label
  local fields, later, comes_later = {}, {}, {}
  local dependencies = base_dependencies(state)
  for _, pair in ipairs(state.fields) do
    local field = pair[2]
    local target = is_relation(field) and relation_dependencies(app_label, state.name, field) or {}
    local ready = true
    for _, d in ipairs(target) do
      local key = d[1] .. "." .. d[2]
      if key ~= state:key() and self.creating[key] and not self.created[key] then
        ready = false
      end
    end
    local through = field.many and field.options_given.through
    if through then -- its ForeignKeys must be there
      target = through_dependencies(self, app_label, state.name, through, target)
      ready = ready and #target <= 2
    end
    if ready or field.primary_key or field.parent_link then
      fields[#fields + 1] = pair
      for _, d in ipairs(target) do
        if d[1] .. "." .. d[2] ~= state:key() then
          dependencies[#dependencies + 1] = d
        end
      end
    else
      later[#later + 1] = { pair, target }
      comes_later[pair[1]] = not field.many or nil
      self.later[state:key()] = self.later[state:key()] or {}
      table.insert(self.later[state:key()], pair[1])
    end
  end
  local options, indexes, constraints, together = {}
  for k, v in pairs(state.options) do
    options[k] = v
  end
  -- What may name a field that comes later waits for it.
  options.indexes, indexes = split_named(state.options.indexes, comes_later)
  options.constraints, constraints = split_named(state.options.constraints, comes_later)
  if names_any(options.unique_together, comes_later) then
    together, options.unique_together = options.unique_together, nil
  end
  local respect = options.order_with_respect_to
  if comes_later[respect] then
    options.order_with_respect_to = nil
  else
    respect = nil
  end
  add(self, app_label, operations.CreateModel { name = state.name, fields = fields, options = options, bases = state.bases }, dependencies)
  self.created[state:key()] = true
  local own = { app_label, state.name_lower, nil, "create" }
  local all = { own }
  for _, item in ipairs(later) do
    local pair, target = item[1], item[2]
    local needs = { own }
    for _, d in ipairs(target) do
      needs[#needs + 1] = d
    end
    add(self, app_label, operations.AddField { model_name = state.name_lower, name = pair[1], field = pair[2] }, needs)
    all[#all + 1] = { app_label, state.name_lower, pair[1], "create" }
  end
  for _, index in ipairs(indexes) do
    add(self, app_label, operations.AddIndex { model_name = state.name_lower, index = index }, all)
  end
  for _, constraint in ipairs(constraints) do
    add(self, app_label, operations.AddConstraint { model_name = state.name_lower, constraint = constraint }, all)
  end
  if respect then
    add(self, app_label, operations.AlterOrderWithRespectTo { name = state.name_lower, order_with_respect_to = respect }, all)
  end
  if together and #together > 0 then
    add(self, app_label, operations.AlterUniqueTogether { name = state.name_lower, unique_together = together }, all)
  end
end

-- Models so that those that others point at come first, as far as they do not form circles.
local function creation_order(self, keys)
  local list, done = {}, {}
  local wanted = {}
  for _, key in ipairs(keys) do
    wanted[key] = true
  end
  local function visit(key, path)
    if done[key] or path[key] or not wanted[key] then
      return
    end
    path[key] = true
    local state = self.to.models[key]
    for _, d in ipairs(base_dependencies(state)) do
      visit(d[1] .. "." .. d[2], path)
    end
    for _, pair in ipairs(state.fields) do
      if is_relation(pair[2]) and not pair[2].options_given.through then
        for _, d in ipairs(relation_dependencies(state.app_label, state.name, pair[2])) do
          visit(d[1] .. "." .. d[2], path)
        end
      end
    end
    path[key] = nil
    if not done[key] then
      done[key] = true
      list[#list + 1] = key
    end
  end
  for _, key in ipairs(keys) do
    visit(key, {})
  end
  return list
end

local function find_created(self)
  local keys = {}
  self.creating, self.created, self.later = {}, {}, {}
  for _, key in ipairs(keys_of(self.to)) do
    if not self.from.models[key] then
      keys[#keys + 1] = key
      self.creating[key] = true
    end
  end
  for _, key in ipairs(creation_order(self, keys)) do
    create_model(self, self.to.models[key])
  end
end

-- Which deleted models point at which: key → list of { model it points at, field or nil }.
local function links_of(self, deleted)
  local links = {}
  for _, key in ipairs(deleted) do
    local state = self.from.models[key]
    links[key] = {}
    local function link(d, field)
      local target = d[1] .. "." .. d[2]
      if target ~= key then
        table.insert(links[key], { target = target, field = field })
      end
    end
    for _, d in ipairs(base_dependencies(state)) do
      link(d)
    end
    for _, pair in ipairs(state.fields) do
      if is_relation(pair[2]) then
        for _, d in ipairs(relation_dependencies(state.app_label, state.name, pair[2])) do
          link(d, pair[1])
        end
      end
    end
  end
  return links
end

local function reaches(links, from, to, seen)
  for _, l in ipairs(links[from] or {}) do
    if l.target == to then
      return true
    elseif not seen[l.target] then
      seen[l.target] = true
      if reaches(links, l.target, to, seen) then
        return true
      end
    end
  end
  return false
end

-- A model goes after those that point at it, and after fields that do. Of models that point
-- at one another the fields go first.
local function find_deleted(self)
  local deleted = {}
  for _, key in ipairs(keys_of(self.from)) do
    if not self.to.models[key] then
      deleted[#deleted + 1] = key
    end
  end
  local links, needs, cut = links_of(self, deleted), {}, {}
  for _, key in ipairs(deleted) do
    needs[key] = {}
  end
  for _, key in ipairs(deleted) do
    local state = self.from.models[key]
    for _, l in ipairs(links[key]) do
      if needs[l.target] and l.field and reaches(links, l.target, key, {}) then
        if not cut[key .. "." .. l.field] then
          cut[key .. "." .. l.field] = true
          add(self, state.app_label, operations.RemoveField { model_name = state.name_lower, name = l.field })
        end
        table.insert(needs[l.target], { state.app_label, state.name_lower, l.field, "remove" })
      elseif needs[l.target] then
        table.insert(needs[l.target], { state.app_label, state.name_lower, nil, "delete" })
      end
    end
  end
  for _, key in ipairs(keys_of(self.from)) do
    local state = self.from.models[key]
    if self.to.models[key] then
      for _, pair in ipairs(state.fields) do
        for _, d in ipairs(is_relation(pair[2]) and relation_dependencies(state.app_label, state.name, pair[2]) or {}) do
          local target = needs[d[1] .. "." .. d[2]]
          if target then
            target[#target + 1] = { state.app_label, state.name_lower, pair[1], "remove" }
          end
        end
      end
    end
  end
  for _, key in ipairs(deleted) do
    local state = self.from.models[key]
    for field in pairs(cut) do
      if field:sub(1, #key + 1) == key .. "." then
        table.insert(needs[key], { state.app_label, state.name_lower, field:sub(#key + 2), "remove" })
      end
    end
    add(self, state.app_label, operations.DeleteModel { name = state.name }, needs[key])
  end
end

-- ---- fields ----

local function kept_models(self)
  local list = {}
  for _, key in ipairs(keys_of(self.to)) do
    if self.from.models[key] then
      list[#list + 1] = { self.from.models[key], self.to.models[key] }
    end
  end
  return list
end

local function has_default(field)
  return field:has_default() or field.null or field.many or field.db_default ~= nil or field.generated or field.composite or field.auto
    or field.blank and field.empty_strings_allowed or field.auto_now or field.auto_now_add
end

local function add_field(self, state, name, field)
  local dependencies = is_relation(field) and relation_dependencies(state.app_label, state.name, field) or {}
  local preserve
  if not has_default(field) then
    field = field:clone_with { default = self.questioner:default_for_new(state, name, field) }
    preserve = false
  elseif (field.auto_now_add or field.auto_now) and not field.null and self.questioner.default_for_now then
    local value = self.questioner:default_for_now(state, name, field)
    if value ~= nil then
      field = field:clone_with { default = value, auto_now = nil, auto_now_add = nil }
      preserve = false
    end
  end
  add(self, state.app_label, operations.AddField { model_name = state.name_lower, name = name, field = field, preserve_default = preserve }, dependencies)
end

-- A field that is new and one that is gone, of the same kind: one that has another name?
local function find_renamed_field(self, old_state, new_state, name, field)
  for _, pair in ipairs(old_state.fields) do
    local old_name, old_field = pair[1], pair[2]
    if not new_state:find(old_name) and not self.renamed_fields[old_state:key() .. "." .. old_name] then
      local same = same_field(old_field, field, new_state.app_label, new_state.name)
      if not same then -- a column that keeps its name
        local with_column = old_field:clone_with { db_column = old_field.column }
        same = field.db_column == old_field.column and same_field(with_column, field, new_state.app_label, new_state.name)
      end
      if same and self.questioner:rename_field(new_state, old_name, name, field) then
        self.renamed_fields[old_state:key() .. "." .. old_name] = name
        return old_name
      end
    end
  end
  return nil
end

-- Options of Meta that name a field that goes: they go first.
local function before_removal(self, old_state, new_state)
  local gone = {}
  for _, pair in ipairs(old_state.fields) do
    gone[pair[1]] = not new_state:find(pair[1]) or nil
  end
  local kept = {}
  for _, set in ipairs(old_state.options.unique_together or {}) do
    if not names_any({ set }, gone) then
      kept[#kept + 1] = set
    end
  end
  local app_label, name = new_state.app_label, new_state.name_lower
  if #kept ~= #(old_state.options.unique_together or {}) then
    add(self, app_label, operations.AlterUniqueTogether { name = name, unique_together = kept })
    old_state.options.unique_together = kept
  end
  local owner = old_state.options.order_with_respect_to
  if owner and gone[owner] then
    add(self, app_label, operations.AlterOrderWithRespectTo { name = name, order_with_respect_to = false })
    old_state.options.order_with_respect_to = nil
  end
end

local function compare_fields(self, old_state, new_state)
  local app_label = new_state.app_label
  for _, pair in ipairs(new_state.fields) do
    if not old_state:find(pair[1]) then
      local old_name = find_renamed_field(self, old_state, new_state, pair[1], pair[2])
      if old_name then
        add(self, app_label, operations.RenameField { model_name = new_state.name_lower, old_name = old_name, new_name = pair[1] })
        operations.RenameField({ model_name = new_state.name_lower, old_name = old_name, new_name = pair[1] }):state_forwards(app_label, self.from)
      end
    end
  end
  before_removal(self, old_state, new_state)
  for _, pair in ipairs(old_state.fields) do
    if not new_state:find(pair[1]) then
      add(self, app_label, operations.RemoveField { model_name = new_state.name_lower, name = pair[1] })
    end
  end
  for _, pair in ipairs(new_state.fields) do
    local name, field = pair[1], pair[2]
    local old = old_state:find(name)
    if not old then
      add_field(self, new_state, name, field)
    elseif not same_field(old, field, app_label, new_state.name) then
      local both_many = old.many and field.many
      if (old.many or field.many) and not both_many then
        add(self, app_label, operations.RemoveField { model_name = new_state.name_lower, name = name })
        add_field(self, new_state, name, field)
      else
        local preserve
        if old.null and not field.null and not has_default(field) then
          local value = self.questioner:default_for_not_null(new_state, name, field)
          if value ~= nil then
            field, preserve = field:clone_with { default = value }, false
          end
        end
        local dependencies = is_relation(field) and relation_dependencies(app_label, new_state.name, field) or {}
        add(self, app_label, operations.AlterField { model_name = new_state.name_lower, name = name, field = field, preserve_default = preserve }, dependencies)
      end
    end
  end
end

-- ---- Meta ----

local function by_name(list)
  local map = {}
  for _, item in ipairs(list) do
    map[item.name] = item
  end
  return map
end

local function compare_named(self, old_state, new_state, key, kind)
  local old, new_ones = by_name(old_state.options[key]), by_name(new_state.options[key])
  local lower = kind:lower()
  local renamed = {}
  for _, item in ipairs(new_state.options[key]) do
    local before = old[item.name]
    if not before and kind == "Index" then
      for _, candidate in ipairs(old_state.options[key]) do
        local copy = setmetatable({}, getmetatable(candidate))
        for k, v in pairs(candidate) do
          copy[k] = v
        end
        copy.name = item.name
        if not new_ones[candidate.name] and not renamed[candidate.name] and writer.same(copy, item) then
          renamed[candidate.name] = true
          add(self, new_state.app_label, operations.RenameIndex { model_name = new_state.name_lower, old_name = candidate.name, new_name = item.name })
          before = item
          break
        end
      end
    end
    if before and before ~= item and not writer.same(before, item) then
      add(self, new_state.app_label, operations["Remove" .. kind] { model_name = new_state.name_lower, name = item.name }, {}, true)
      before = nil
    end
    if not before then
      add(self, new_state.app_label, operations["Add" .. kind] { model_name = new_state.name_lower, [lower] = item })
    end
  end
  for _, item in ipairs(old_state.options[key]) do
    if not new_ones[item.name] and not renamed[item.name] then
      add(self, new_state.app_label, operations["Remove" .. kind] { model_name = new_state.name_lower, name = item.name }, {}, true)
    end
  end
end

local function compare_options(self, old_state, new_state)
  local app_label, name = new_state.app_label, new_state.name_lower
  local old, new_options = old_state.options, new_state.options
  if not writer.same(old.unique_together or {}, new_options.unique_together or {}) then
    add(self, app_label, operations.AlterUniqueTogether { name = name, unique_together = new_options.unique_together or {} })
  end
  if (old.db_table or "") ~= (new_options.db_table or "") then
    add(self, app_label, operations.AlterModelTable { name = name, table = new_options.db_table or "" })
  end
  if (old.db_table_comment or "") ~= (new_options.db_table_comment or "") then
    add(self, app_label, operations.AlterModelTableComment { name = name, table_comment = new_options.db_table_comment or "" })
  end
  if old.order_with_respect_to ~= new_options.order_with_respect_to then
    add(self, app_label, operations.AlterOrderWithRespectTo { name = name, order_with_respect_to = new_options.order_with_respect_to or false })
  end
  local changed, options = false, {}
  for _, option in ipairs(operations.state_only_options) do
    options[option] = new_options[option]
    if not writer.same(old[option], new_options[option]) then
      changed = true
    end
  end
  if changed then
    add(self, app_label, operations.AlterModelOptions { name = name, options = options })
  end
end

-- ---- putting them in order ----

-- Whether an operation does what a dependency asks for.
local function provides(item, d)
  local op = item.operation
  if item.app_label ~= d[1] then
    return false
  end
  local kind = op.class_name
  if d[4] == "create" and not d[3] then
    return (kind == "CreateModel" and op.name:lower() == d[2]) or (kind == "RenameModel" and op.new_name:lower() == d[2])
  elseif d[4] == "create" then
    return kind == "AddField" and op.model_name == d[2] and op.name == d[3]
  end
  if d[4] == "delete" then
    return kind == "DeleteModel" and op.name:lower() == d[2]
  end
  return (kind == "RemoveField" or kind == "AlterField") and op.model_name == d[2] and op.name == d[3]
end

local function sort_items(self)
  local items, placed, list = self.items, {}, {}
  local function ready(item)
    for _, d in ipairs(item.dependencies) do
      for _, other in ipairs(items) do
        if other ~= item and not placed[other] and provides(other, d) then
          return false
        end
      end
    end
    return true
  end
  while #list < #items do
    local progress = false
    for _, item in ipairs(items) do
      if not placed[item] and ready(item) then
        placed[item], progress = true, true
        list[#list + 1] = item
      end
    end
    if not progress then -- a circle of deletions: as they are
      for _, item in ipairs(items) do
        if not placed[item] then
          placed[item] = true
          list[#list + 1] = item
        end
      end
    end
  end
  return list
end

-- Runs of operations of one app, where another app's are needed in between a new one.
local function split(items)
  local done, chunks = {}, {} -- key of what an item provides → chunk
  local current = {} -- app → its open chunk
  local function chunk_of(item)
    local needed = {}
    for _, d in ipairs(item.dependencies) do
      if d[1] ~= item.app_label then
        needed[#needed + 1] = d
      end
    end
    return needed
  end
  local index_of = {}
  for _, item in ipairs(items) do
    local chunk = current[item.app_label]
    local needed = chunk_of(item)
    local after = 0
    for _, d in ipairs(needed) do
      for other, at in pairs(index_of) do
        if provides(other, d) and at > after then
          after = at
        end
      end
    end
    if not chunk or after > chunk.at then
      chunk = { app_label = item.app_label, operations = {}, dependencies = {}, at = #chunks + 1 }
      chunks[#chunks + 1] = chunk
      current[item.app_label] = chunk
    end
    chunk.operations[#chunk.operations + 1] = item.operation
    for _, d in ipairs(needed) do
      chunk.dependencies[#chunk.dependencies + 1] = d
    end
    index_of[item] = chunk.at
    done[item] = chunk
  end
  for _, chunk in ipairs(chunks) do
    chunk.after = {}
    for item in pairs(index_of) do
      if done[item] == chunk then
        for _, d in ipairs(item.dependencies) do
          for other in pairs(index_of) do
            if provides(other, d) and done[other] ~= chunk then
              chunk.after[done[other]] = true
            end
          end
        end
      end
    end
  end
  return chunks
end

--- Lists of { app_label, operations, dependencies (of other apps), after (chunks) } in order.
function Detector:changes()
  find_renamed_models(self)
  find_created(self)
  find_deleted(self)
  for _, pair in ipairs(kept_models(self)) do
    local old_state, new_state = pair[1], pair[2]
    compare_fields(self, old_state, new_state)
    if managed(new_state) or managed(old_state) then
      compare_named(self, old_state, new_state, "indexes", "Index")
      compare_named(self, old_state, new_state, "constraints", "Constraint")
    end
    compare_options(self, old_state, new_state)
  end
  return split(sort_items(self))
end

return { new = new }
