// What this machine can do at most, measured.
#pragma once

namespace facenet::program {

/// Multiply-add peak in 1e9 floating point operations a second (a multiply-add is two), float32, with this many
/// threads at once: independent fused multiply-adds in registers, of the widest kind the processor has.
double measure_peak_gflops(int threads);

/// The most memory this process has had resident, in 2^20 bytes; since the last reset_peak_memory where the system can
/// reset it.
double peak_memory_mb();
void reset_peak_memory();

}  // namespace facenet::program
