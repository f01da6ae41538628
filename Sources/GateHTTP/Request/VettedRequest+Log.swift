public import NIOCore

/// What the log shows of a request: slices of the head, which cost a reference and no copy.
extension VettedRequest {
    /// The method as sent.
    public var methodSlice: ByteBuffer { bytes.piece(methodRange) }

    /// The canonical host with the port, if one was sent.
    public var authoritySlice: ByteBuffer {
        (authorityPiece.isRewritten ? rewritten : bytes).piece(authorityPiece.range)
    }

    /// The canonical path, without the query.
    public var targetSlice: ByteBuffer { (pathPiece.isRewritten ? rewritten : bytes).piece(pathPiece.range) }
}

/// What the log shows of a head that was refused: as sent, never interpreted.
extension RawHead {
    /// The method as sent.
    public var methodSlice: ByteBuffer { bytes.piece(method) }

    /// The target as sent, without its query.
    public var targetSlice: ByteBuffer {
        let whole = bytes.piece(target)
        let end = whole.readableBytesView.firstIndex(of: UInt8(ascii: "?")) ?? whole.readableBytesView.endIndex
        return whole.piece(0..<end - whole.readerIndex)
    }
}

extension ByteBuffer {
    /// The bytes of `range`, counted from the first readable one; empty where they are not there.
    func piece(_ range: Range<Int>) -> ByteBuffer {
        getSlice(at: readerIndex &+ range.lowerBound, length: range.count) ?? ByteBuffer()
    }
}
