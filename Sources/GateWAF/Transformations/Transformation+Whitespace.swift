extension Transformation {
    static func compressWhitespace(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            var inSpace = false
            for index in start..<input.count {
                let byte = input[index]
                if !byte.isCSpace { out.append(byte) } else if !inSpace { out.append(0x20) }
                inSpace = byte.isCSpace
            }
        }
    }

    static func removeWhitespace(_ input: Span<UInt8>, from start: Int, into output: inout [UInt8]) -> Bool {
        output.append(addingCapacity: input.count) { out in
            out.append(copying: input.extracting(..<start))
            for index in start..<input.count {
                let byte = input[index]
                if !byte.isCSpace && byte != 0xA0 && byte != 0xC2 { out.append(byte) }
            }
        }
        return output.count != input.count
    }

    static func trim(_ input: Span<UInt8>, left: Bool, right: Bool, into output: inout [UInt8]) -> Bool {
        var first = 0
        var end = input.count
        while right && first < end && input[end &- 1].isCSpace { end &-= 1 }
        while left && first < end && input[first].isCSpace { first &+= 1 }
        guard end &- first < input.count else { return false }
        output.append(addingCapacity: end &- first) { out in out.append(copying: input.extracting(first..<end)) }
        return true
    }
}
