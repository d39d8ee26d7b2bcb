-- @Test other/everything.lua@slab-fixed
-- @Kind other
-- @Tag lua
-- @Run {stressgen:lua} --pool slab-fixed --capacity {param:slab-capacity} {file}
-- @Param five=5
-- @Param slab-capacity=auto
-- @Sentinel on
--
-- other/everything: uses every construct but maps.
-- Written by stressgen test from other/everything.kernel with seed 42 and five=5.

local now_ns = stressgen and stressgen.now_ns or function()
  return math.floor(os.clock() * 1e9)
end
local five = 5

local function sg_quotient(a, b)
  local q = a // b
  if q < 0 and q * b ~= a then
    q = q + 1 -- towards zero
  end
  return q
end

local function sg_make_vector(n, value)
  local vector = { n = n }
  for i = 1, n do
    vector[i] = value
  end
  return vector
end

local function sg_right(ok)
  if ok then
    return 1
  end
  return 0
end

local function sg_division()
  return sg_right(sg_quotient(7, 2) == 3) + sg_right(sg_quotient(-7, 2) == -3) + sg_right(sg_quotient(7, -2) == -3) + sg_right(sg_quotient(-7, -2) == 3) + sg_right(sg_quotient(-1, 2) == 0) + sg_right(math.fmod(7, 2) == 1) + sg_right(math.fmod(-7, 2) == -1) + sg_right(math.fmod(7, -2) == 1) + sg_right(math.fmod(-6, 2) == 0)
end

local function sg_logic()
  local tmp = sg_right(1 < 2 and 2 <= 2 and 3 > 2 and 3 >= 3)
  local tmp_2 = sg_right(not (1 == 2 or 2 < 1))
  local tmp_3 = false
  if not tmp_3 then
    local yes = true
    tmp_3 = yes or sg_quotient(1, 0) == 1
  end
  local tmp_4 = sg_right(tmp_3)
  local tmp_5 = true
  if tmp_5 then
    local no = false
    tmp_5 = no and sg_quotient(1, 0) == 1
  end
  return tmp + tmp_2 + tmp_4 + sg_right(not tmp_5) + sg_right(not (nil ~= nil))
end

local function sg_strings()
  local quote = "say \"hi\" ^ 'there' \\ {x}\n\ttab"
  local word = ("abc" .. "def") .. tostring(-12)
  return sg_right(#quote == 29) + sg_right(word == "abcdef-12") + sg_right(string.sub(word, 2 + 1, 5) == "cde") + sg_right("abc" < "abd") + sg_right(not ("b" < "abd"))
end

local function sg_vectors(n)
  local v = sg_make_vector(n, 0)
  local i = 0
  while i < v.n do
    v[i + 1] = i * i
    i = i + 1
  end
  return sg_right(v[n - 1 + 1] == (n - 1) * (n - 1)) + sg_right(sg_make_vector(0, nil).n == 0) + sg_right(sg_make_vector(3, nil)[2 + 1] == nil)
end

local function sg_note(log, item)
  log[1] = 10 * log[1] + item
  return item
end

local function sg_order()
  local log = { 0 }
  local tmp = sg_note(log, 1)
  local i = 0
  local last = 0
  while i < 1 do
    i, last = i + 1, sg_note(log, 2)
  end
  local tmp_2 = last
  local three = sg_note(log, 3)
  local sum = tmp + tmp_2 + three
  return sg_right(sum == 6) + sg_right(log[1] == 123)
end

local function sg_closures()
  local i = 0
  local all = nil
  while i < 3 do
    local square = i * i
    local i_2 = i
    local square_2 = square
    local function sg_closure(x)
      local y = x + i_2
      return 10 * (y + square_2)
    end
    all = { sg_closure, all }
    i = i + 1
  end
  local made = all
  return sg_right(made[1](1) == 70) + sg_right(made[2][1](1) == 30) + sg_right(made[2][2][1](1) == 10)
end

local function sg_twice(f, x)
  return f(f(x))
end

local function sg_increment(x)
  return x + 1
end

local function sg_adder(n)
  return function(x) return x + n end
end

local function sg_values_of_functions()
  return sg_right(sg_twice(sg_increment, 5) == 7) + sg_right(sg_twice(sg_adder(10), 5) == 25) + sg_right((function(x, y) return x - y end)(3, 4) == -1)
end

local function sg_fill_box(b, n)
  if n > 0 then
    b[1] = b[1] + n
    return sg_fill_box(b, n - 1)
  end
end

local function sg_loops()
  local a = 1
  local b = 2
  local i = 0
  while i < 3 do
    a, b, i = b, a, i + 1
  end
  local tmp = sg_right(a == 2 and b == 1)
  local i_2 = 0
  local odd = 0
  while true do
    local double = 2 * i_2
    if not (double < 10) then
      break
    end
    if math.fmod(i_2, 2) == 1 then
      local more = odd + 1
      odd = more
    end
    i_2 = i_2 + 1
  end
  local tmp_2 = sg_right(odd == 2)
  local b_2 = { 0 }
  sg_fill_box(b_2, 4)
  return tmp + tmp_2 + sg_right(b_2[1] == 10)
end

local function sg_lists()
  local items = { 1, { 2, { 1 + 2, nil } } }
  return sg_right(items[1] + items[2][1] + items[2][2][1] == 6) + sg_right(items[2][2][2] == nil) + sg_right(({ { five, nil }, 2 })[1][1] == five)
end

local function measure()
  collectgarbage()
  return sg_division() + 10 * sg_logic() + 100 * sg_strings() + 1000 * sg_vectors(10) + 10000 * sg_order() + 100000 * sg_closures() + 1000000 * sg_values_of_functions() + 10000000 * sg_loops() + 100000000 * sg_lists()
end

io.stdout:setvbuf("line")
local expected = 333323559
for repetition = 1, 2 do
  local start = now_ns()
  local result = measure()
  print(string.format("@@ lat total %d", now_ns() - start))
  if result ~= expected then
    print(string.format("@@ check result bad got %s instead of %s in repetition %d",
                        tostring(result), tostring(expected), repetition))
    os.exit(1)
  end
  if stressgen and stressgen.cycle then
    stressgen.cycle()
  elseif not stressgen and os.getenv("STRESSGEN_LEAK_CHECK") then
    collectgarbage()
    collectgarbage()
    print(string.format("@@ live %d", collectgarbage("count") * 1024))
  end
end
print(string.format("@@ check result ok %s", tostring(expected)))
if stressgen and stressgen.gc_count then
  print(string.format("@@ gauge collections %d count", stressgen.gc_count()))
end
print("@@ done")
