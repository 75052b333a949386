// A pickle is a program for a machine with a stack and a memo; this one knows the instructions of plain data.
#include "io/pickle.hpp"

#include <cstring>
#include <string_view>
#include <unordered_map>

#include <facenet/error.hpp>

namespace facenet {
namespace {

constexpr std::size_t kMaxValues = 1'000'000;
constexpr int kMark = -1;

class Machine {
 public:
  using Kind = PickleValue::Kind;

  Machine(std::span<const std::uint8_t> bytes, std::size_t offset, const std::string& what)
      : bytes_(bytes), start_(offset), at_(offset), what_(what) {}

  Pickle run() {
    while (!done_) step(byte());
    if (stack_.size() != 1 || stack_[0] == kMark) fail("it leaves more or less than one value");
    pickle_.root = stack_[0];
    pickle_.bytes = at_ - start_;
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw FormatError(what_ + ": its pickle at byte " + std::to_string(at_) + ": " + why);
  }

  std::span<const std::uint8_t> take(std::size_t count) {
    if (at_ > bytes_.size() || count > bytes_.size() - at_) fail("the file is cut off");
    at_ += count;
    return bytes_.subspan(at_ - count, count);
  }
  std::uint8_t byte() { return take(1)[0]; }
  std::uint32_t number(std::size_t size) {  // little-endian
    std::uint32_t value = 0;
    std::memcpy(&value, take(size).data(), size);
    return value;
  }
  std::string_view characters(std::size_t count) {
    const auto part = take(count);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  std::string_view line() {
    const std::size_t begin = at_;
    while (byte() != '\n') {
    }
    return {reinterpret_cast<const char*>(bytes_.data()) + begin, at_ - begin - 1};
  }

  void push_index(int index) {
    if (stack_.size() >= kMaxValues) fail("more than a million values");
    stack_.push_back(index);
  }
  void push(Kind kind, std::int64_t number = 0, std::string_view text = {}, std::vector<int> items = {}) {
    if (pickle_.values.size() >= kMaxValues) fail("more than a million values");
    pickle_.values.push_back({kind, number, std::string(text), std::move(items)});
    push_index(static_cast<int>(pickle_.values.size()) - 1);
  }
  int pop() {
    if (stack_.empty() || stack_.back() == kMark) fail("a value is missing");
    const int index = stack_.back();
    stack_.pop_back();
    return index;
  }
  std::vector<int> pop_to_mark() {
    std::size_t from = stack_.size();
    while (from > 0 && stack_[from - 1] != kMark) --from;
    if (from == 0) fail("a mark is missing");
    std::vector<int> items(stack_.begin() + static_cast<std::ptrdiff_t>(from), stack_.end());
    stack_.resize(from - 1);
    return items;
  }
  std::vector<int> pop_some(std::size_t count) {
    std::vector<int> items(count);
    for (std::size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }
  int top() const {
    if (stack_.empty() || stack_.back() == kMark) fail("a value is missing");
    return stack_.back();
  }
  void append(Kind kind, const std::vector<int>& items) {
    auto& value = pickle_.values[static_cast<std::size_t>(top())];
    // An ordered dictionary is a call without arguments, filled afterwards.
    const bool ordered = value.kind == Kind::call && kind == Kind::dict;
    if (value.kind != kind && !ordered) fail("items for what is no list or dictionary");
    if (kind == Kind::dict && items.size() % 2 != 0) fail("a key without a value");
    value.items.insert(value.items.end(), items.begin(), items.end());
  }
  void remember(std::uint32_t key) {
    if (memo_.size() >= kMaxValues) fail("more than a million values");
    memo_[key] = top();
  }
  void recall(std::uint32_t key) {
    const auto found = memo_.find(key);
    if (found == memo_.end()) fail("it refers to a value that is not there");
    push_index(found->second);
  }

  void step(std::uint8_t instruction) {
    switch (instruction) {
      case 0x80:  // PROTO
        if (byte() > 5) fail("a protocol above 5");
        return;
      case 0x95:  // FRAME: how much of the file to read at once
        take(8);
        return;
      case '.':
        done_ = true;
        return;
      case '(':
        return push_index(kMark);
      case 'N':
        return push(Kind::none);
      case 0x88:
      case 0x89:
        return push(Kind::boolean, instruction == 0x88 ? 1 : 0);
      case 'K':
        return push(Kind::integer, number(1));
      case 'M':
        return push(Kind::integer, number(2));
      case 'J':
        return push(Kind::integer, static_cast<std::int32_t>(number(4)));
      case 0x8a: {  // LONG1
        const auto part = take(byte());
        if (part.size() > 8) fail("a number of more than 8 bytes");
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < 8; ++i) {
          const bool negative = !part.empty() && (part.back() & 0x80U) != 0;
          const std::uint64_t digit = i < part.size() ? part[i] : negative ? 0xffU : 0U;
          value |= digit << (8 * i);
        }
        return push(Kind::integer, static_cast<std::int64_t>(value));
      }
      case 'X':
        return push(Kind::text, 0, characters(number(4)));
      case 0x8c:  // SHORT_BINUNICODE
        return push(Kind::text, 0, characters(byte()));
      case 'U':  // SHORT_BINSTRING
      case 'C':  // SHORT_BINBYTES
        return push(Kind::bytes, 0, characters(byte()));
      case 'T':  // BINSTRING
      case 'B':  // BINBYTES
        return push(Kind::bytes, 0, characters(number(4)));
      case 0x8e: {  // BINBYTES8
        const std::uint32_t count = number(4);
        if (number(4) != 0) fail("the file is cut off");
        return push(Kind::bytes, 0, characters(count));
      }
      case 0x93: {  // STACK_GLOBAL
        const auto both = pop_some(2);
        const auto& module = pickle_.at(both[0]);
        const auto& name = pickle_.at(both[1]);
        if (module.kind != Kind::text || name.kind != Kind::text) fail("a name that is no text");
        if (module.text.size() > 1000 || name.text.size() > 1000) fail("a name of more than 1,000 bytes");
        return push(Kind::name, 0, module.text + " " + name.text);
      }
      case 'c': {  // GLOBAL
        const std::string module(line());
        return push(Kind::name, 0, module + " " + std::string(line()));
      }
      case ')':
        return push(Kind::tuple);
      case 0x85:
      case 0x86:
      case 0x87:
        return push(Kind::tuple, 0, {}, pop_some(instruction - 0x84U));
      case 't':
        return push(Kind::tuple, 0, {}, pop_to_mark());
      case ']':
        return push(Kind::list);
      case '}':
        return push(Kind::dict);
      case 'a':
        return append(Kind::list, pop_some(1));
      case 'e':
        return append(Kind::list, pop_to_mark());
      case 's':
        return append(Kind::dict, pop_some(2));
      case 'u':
        return append(Kind::dict, pop_to_mark());
      case 'R':  // REDUCE
        return push(Kind::call, 0, {}, pop_some(2));
      case 'Q':  // BINPERSID
        return push(Kind::persistent, 0, {}, pop_some(1));
      case 'b':  // BUILD: attributes, which plain data have no use for
        pop();
        top();
        return;
      case 0x94:  // MEMOIZE
        return remember(static_cast<std::uint32_t>(memo_.size()));
      case 'q':
        return remember(byte());
      case 'r':
        return remember(number(4));
      case 'h':
        return recall(byte());
      case 'j':
        return recall(number(4));
      default:
        fail("the instruction " + std::to_string(instruction) + " is none of a plain dictionary's");
    }
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t start_;
  std::size_t at_;
  const std::string& what_;
  bool done_ = false;
  Pickle pickle_;
  std::vector<int> stack_;  // indices of values, and marks
  std::unordered_map<std::uint32_t, int> memo_;
};

}  // namespace

Pickle parse_pickle(std::span<const std::uint8_t> bytes, std::size_t offset, const std::string& what) {
  return Machine(bytes, offset, what).run();
}

}  // namespace facenet
