"""Export to ONNX: models that run without Python (extra ``onnx``: skl2onnx, onnxruntime)."""

try:
    import skl2onnx  # noqa: F401 - said here, by name, where it is missing
except ImportError as error:
    raise ImportError(
        "Export needs skl2onnx, which is not installed. "
        "Install it with: pip install 'skml-lecture[onnx]'"
    ) from error

from skml_lecture.onnx.convert import register, to_onnx

__all__ = ["register", "to_onnx"]
