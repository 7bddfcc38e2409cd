import TachoCodec
package import TachoGeo

/// The value of families `amend` and `amend_log`: what a verdict is from then on.
package enum AmendmentRow {
    package static func bytes(_ verdict: Verdict, ruleSet: UInt16, cause: AmendCause) -> [UInt8] {
        var writer = ByteWriter()
        writer.put(verdict.codes)
        writer.put(verdict.effect.rawValue | (verdict.isTrusted ? 4 : 0))
        writer.put(cause.rawValue)
        writer.put(ruleSet)
        return writer.bytes
    }

    package static func read(
        _ bytes: UnsafeRawBufferPointer
    ) throws(StoreError) -> (verdict: Verdict, ruleSet: UInt16, cause: AmendCause) {
        var reader = ByteReader(bytes)
        guard let codes: UInt64 = try? reader.read(), let bits: UInt8 = try? reader.read(),
            bits < 8, let effect = Effect(rawValue: bits & 3), let raw: UInt8 = try? reader.read(),
            let cause = AmendCause(rawValue: raw), let ruleSet: UInt16 = try? reader.read(),
            reader.isAtEnd
        else { throw .damaged("an amendment cannot be read") }
        let verdict = Verdict(codes: codes, effect: effect, isTrusted: bits & 4 != 0)
        return (verdict, ruleSet, cause)
    }

    /// Reads the key of family `amend_log` and its value.
    package static func read(
        logKey key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) throws(StoreError) -> Amendment {
        guard key.count == 24 else { throw .damaged("an amendment's key cannot be read") }
        let (verdict, ruleSet, cause) = try read(value)
        return Amendment(
            rider: KeyReader.u32(key, at: 12), tsMs: KeyReader.time(key, at: 16),
            ordinal: KeyReader.u16(key, at: 22), sequence: KeyReader.u64(key, at: 4),
            verdict: verdict, ruleSet: ruleSet, cause: cause)
    }
}
