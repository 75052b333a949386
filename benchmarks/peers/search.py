"""The 10 nearest of many embeddings, 128 dimensions, against faiss: exact in float32, exact over codes of 128 bytes, and
along a graph (HNSW), whose recall stands beside it.

Embeddings are drawn as faces lie: people apart, the images of one near each other; queries are further images.
"""

import pathlib
import tempfile

import common

K = 10


def faces(numpy, count, seed, people):
    """[count,128] of unit length, of people whose centres are the same for every seed."""
    centres = numpy.random.default_rng(1).normal(size=(people, 128)).astype(numpy.float32)
    generator = numpy.random.default_rng(seed)
    rows = centres[generator.integers(people, size=count)]
    rows += 0.6 * generator.normal(size=rows.shape).astype(numpy.float32)
    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


def main():
    parser = common.parser(__doc__)
    parser.add_argument("--only", choices=("many", "one", "codes", "graph"), help="this comparison alone")
    parser.add_argument("--graph-rows", type=int, default=100_000, help="rows of the graphs, which take long to build (100,000)")
    options = parser.parse_args()
    common.prepare(options)
    import faiss
    import numpy

    faiss.omp_set_num_threads(options.threads)
    machine = common.machine(options)
    print(f"faiss {faiss.__version__}; this machine: {machine['peak_gflops']:.0f} GFLOP/s, "
          f"reads {machine['read_gbs']:.1f} GB/s")

    def compare(title, index, peer_name, make_peer, rows, queries, exact=None, **limits):
        """Ours against a faiss index of the same rows. `exact`: the right answers, where they are not to be expected."""
        with tempfile.TemporaryDirectory() as folder:
            paths = {name: pathlib.Path(folder, f"{name}.npy") for name in ("rows", "queries", "found")}
            numpy.save(paths["rows"], rows)
            numpy.save(paths["queries"], queries)
            words = [word for name, path in paths.items() for word in (f"--{name}", path)]
            with common.Ours(options, "peer_search", "--index", index, *words) as ours:
                ours(1)
                peer = make_peer()
                found = {common.OURS: numpy.load(paths["found"]).astype(numpy.int64), peer_name: peer.search(queries, K)[1]}
                common.compare(title, {common.OURS: ours, peer_name: common.timed(lambda: peer.search(queries, K))},
                               options, machine=machine, **limits)
        if exact is None:
            same = numpy.mean([len(set(a) & set(b)) / K for a, b in zip(*found.values())])
            print(f"  of what the two found, {same:.2%} is the same")
        else:
            for name, rows_found in found.items():
                right = numpy.mean([len(set(a) & set(b)) / K for a, b in zip(rows_found, exact)])
                print(f"  {name:28} finds {right:.2%} of the {K} nearest")

    def filled(peer, rows):
        peer.train(rows)
        peer.add(rows)
        return peer

    def wanted(name):
        return options.only in (None, name)

    if wanted("many"):
        rows, queries = faces(numpy, 100_000, 2, 5_000), faces(numpy, 256, 3, 5_000)
        compare("256 queries, 100,000 x 128, float32", "exact", "faiss IndexFlatL2",
                lambda: filled(faiss.IndexFlatL2(128), rows), rows, queries, operations=2.0 * 256 * len(rows) * 128)
    if wanted("one") or wanted("codes"):
        rows, query = faces(numpy, 1_000_000, 2, 50_000), faces(numpy, 1, 3, 50_000)
        if wanted("one"):
            compare("1 query, 1,000,000 x 128, float32", "exact", "faiss IndexFlatL2",
                    lambda: filled(faiss.IndexFlatL2(128), rows), rows, query, bytes_read=4.0 * rows.size)
        if wanted("codes"):
            compare("1 query, 1,000,000 x 128, codes of 128 bytes", "codes", "faiss SQ8",
                    lambda: filled(faiss.IndexScalarQuantizer(128, faiss.ScalarQuantizer.QT_8bit), rows), rows, query,
                    bytes_read=1.0 * rows.size)
    if wanted("graph"):
        rows, queries = faces(numpy, options.graph_rows, 2, options.graph_rows // 20), faces(numpy, 256, 3, options.graph_rows // 20)

        def graph():
            peer = faiss.IndexHNSWFlat(128, 16)
            peer.hnsw.efConstruction = 120
            peer.hnsw.efSearch = 96
            peer.add(rows)
            return peer

        exact = filled(faiss.IndexFlatL2(128), rows).search(queries, K)[1]
        compare(f"256 queries, {len(rows):,} x 128, HNSW with 16 links, 96 candidates", "hnsw", "faiss IndexHNSWFlat", graph,
                rows, queries, exact)


if __name__ == "__main__":
    main()
