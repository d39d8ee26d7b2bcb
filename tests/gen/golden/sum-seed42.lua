-- @Test recursion/sum-1000.lua@slab-fixed
-- @Kind recursion
-- @Tag lua
-- @Run {stressgen:lua} --pool slab-fixed --capacity {param:slab-capacity} {file}
-- @Param depth=1000
-- @Param slab-capacity=auto
-- @Sentinel on
--
-- recursion/sum: adds 1 to depth by a recursion that is no tail call.
-- Stresses the call stack: one live frame for each step, each with a number to keep.
-- Written by stressgen test from recursion/sum.kernel with seed 42 and depth=1000.

local now_ns = stressgen and stressgen.now_ns or function()
  return math.floor(os.clock() * 1e9)
end
local depth = 1000

local function sg_sum(n)
  if n <= 0 then
    return 0
  end
  return n + sg_sum(n - 1)
end

local function measure()
  return sg_sum(depth)
end

io.stdout:setvbuf("line")
local expected = 500500
for repetition = 1, 20 do
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
