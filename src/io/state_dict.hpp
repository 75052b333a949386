// Weights as PyTorch's torch.save writes them: a dictionary of tensors by name.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "tensor/tensor.hpp"

namespace facenet {

/// Plain float32 tensors by the names PyTorch gave them: "conv1.weight".
using StateDict = std::map<std::string, Tensor>;

/// Reads the format of torch.save before PyTorch 1.6 (five pickles, then the numbers). Of the pickles' language only
/// what describes an ordered dictionary of float tensors is understood: nothing is ever called, no other object made.
/// FormatError for anything else, with the offset, and with what to do for a newer file (a zip archive). Nothing is
/// allocated that the bytes present do not warrant. `name` stands for the file in messages.
StateDict parse_state_dict(std::span<const std::uint8_t> bytes, const std::string& name);
StateDict read_state_dict(const std::filesystem::path& path);

}  // namespace facenet
