"""Semi-hard triplets of the paper's batch, 45 people by 40 images, 128 dimensions, against pytorch-metric-learning.

Its miner finds every semi-hard triplet, ours one for each anchor and positive, as the paper asks; both look at all of
them. Embeddings are drawn so that people are neither apart nor mixed: most pairs have semi-hard negatives.
"""

import pathlib
import tempfile

import common


def main():
    options = common.arguments(__doc__)
    common.prepare(options)
    import numpy
    import torch
    from pytorch_metric_learning import losses, miners

    torch.set_num_threads(options.threads)
    generator = numpy.random.default_rng(1)
    labels = numpy.repeat(numpy.arange(45, dtype=numpy.int32), 40)
    centres = generator.normal(size=(45, 128))
    embeddings = centres[labels] + 1.2 * generator.normal(size=(1800, 128))
    embeddings = (embeddings / numpy.linalg.norm(embeddings, axis=1, keepdims=True)).astype(numpy.float32)

    # Their distances are Euclidean, ours squared.
    miner = miners.TripletMarginMiner(margin=0.2, type_of_triplets="semihard")
    criterion = losses.TripletMarginLoss(margin=0.2)
    points = torch.from_numpy(embeddings).requires_grad_()
    people = torch.from_numpy(labels)

    def mine():
        with torch.no_grad():
            return miner(points, people)

    def loss():
        points.grad = None
        criterion(points, people, mine()).backward()

    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder, name) for name in ("labels", "embeddings")]
        labels.tofile(files[0])
        embeddings.tofile(files[1])
        for what, peer in (("mine", mine), ("loss", loss)):
            title = {"mine": "distances and semi-hard triplets", "loss": "the same with loss and gradient"}[what]
            with common.Ours(options, "peer_mining", "--labels", files[0], "--embeddings", files[1], "--what", what) as ours:
                before = common.memory_mb(ours.process.pid, "VmRSS")
                common.compare(f"1,800 x 128, {title}",
                               {common.OURS: ours, "pytorch-metric-learning": common.timed(peer)}, options, unit="ms")
                print(f"  {common.OURS:28}{ours.peak_memory_mb() - before:12.0f} MB more than before the first batch")
    print(f"  {'pytorch-metric-learning':28}{common.memory_mb('self', 'VmHWM'):12.0f} MB at most, the whole process")


if __name__ == "__main__":
    main()
