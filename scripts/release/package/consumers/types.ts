import { GunClient, GunError, cacheStats, getRecord, getRecords, invalidate } from 'gun-native';

export async function read(soul: string): Promise<string> {
  const client = new GunClient({ relayUrl: 'http://127.0.0.1:1', cache: { capacity: 10 }, logger: false });
  const record: object | null = await client.getRecord(soul, { timeoutMs: 10 });
  const answers: Array<object | null | GunError> = await getRecords([soul]);
  const hits: number = cacheStats().hits;
  const wasMissing: boolean = invalidate(soul);
  // @ts-expect-error a soul is a string
  await getRecord(1);
  return JSON.stringify([record, answers.filter((answer) => answer instanceof GunError), hits, wasMissing]);
}
